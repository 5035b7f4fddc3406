#include "tests/conformance/python/interop_fixture.h"

#include <cstdlib>

#include "google/protobuf/util/json_util.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/codec_aes/aes_gcm_codec.h"
#include "temporal/common/proto.h"
#include "temporal/transport/codec_transport.h"
#include "temporal/transport/grpc_transport.h"

namespace temporal::interop {
namespace {

class Servers : public ::testing::Environment {
 public:
  void SetUp() override { PythonInterop::Start(); }
  void TearDown() override { PythonInterop::Stop(); }
};
constexpr char kKey[] = "INTEROP_KEY";

std::shared_ptr<Transport> Sealed(std::shared_ptr<Transport> transport) {
  const char* key = std::getenv(kKey);
  if (key == nullptr) return transport;
  CodecOptions options;
  options.failures = true;
  return std::make_shared<CodecTransport>(std::move(transport), *AesGcmCodec::Create({{"interop", key}}, "interop"),
                                          options);
}

const auto* const kServers = ::testing::AddGlobalTestEnvironment(new Servers);

}  // namespace

void PythonInterop::Start() {
  const char* address = std::getenv("GPUAAS_TEMPORAL_ADDRESS");
  if (address == nullptr) return;
  const std::string id = NewUuid();
  ours_ = std::make_unique<std::string>("ours-" + id);
  theirs_ = std::make_unique<std::string>("theirs-" + id);
  python_ = std::make_unique<Counterpart>(address, *theirs_);
  const auto transport = *Connect(ConnectOptions(address));
  server_ = std::make_shared<Client>(transport);
  client_ = std::make_shared<Client>(Sealed(transport));
  workflows_ = std::make_unique<WorkflowRegistry>();
  AddFlows(*workflows_);
  ActivityRegistry activities;
  AddActivities(activities);
  WorkerOptions options(*ours_);
  options.poll_timeout = 3s;
  worker_ = *Worker::Create(client_, *workflows_, activities, options);
  ready_ = python_->Ready() == R"({"value": "ready"})" && worker_->Start().ok();
}

void PythonInterop::Stop() {
  python_.reset();
  worker_.reset();
  client_.reset();
  server_.reset();
}

bool PythonInterop::encrypted() { return std::getenv(kKey) != nullptr; }

std::string PythonInterop::NewId() { return "interop/" + NewUuid(); }

std::string PythonInterop::JsonOf(const absl::StatusOr<api::history::v1::History>& history) {
  std::string json;
  EXPECT_TRUE(history.ok() && google::protobuf::util::MessageToJsonString(*history, &json).ok()) << history.status();
  return json;
}

std::string PythonInterop::TheyStart(std::string_view type, const Json& argument, Json more) {
  const std::string id = NewId();
  more.update(Json{{"type", type}, {"argument", argument}, {"id", id}, {"queue", ours()}});
  EXPECT_EQ(Ask("start", std::move(more)), Value(id));
  return id;
}

Json PythonInterop::RunCall(const Json& request, const std::string& queue, StartOptions options) {
  const auto result = client_->GetResult(kCall, WeStart(kCall, request, std::move(options), queue), 1min);
  return result.ok() ? *result : Json(std::string(result.status().message()));
}

Json PythonInterop::FailureIn(const absl::Status& status) {
  Failure failure;
  if (!CarriedFailure(status, &failure)) return std::string(status.message());
  return DescribeFailure(failure);
}

bool PythonInterop::UntilTold(const std::string& id) {
  const auto until = std::chrono::steady_clock::now() + 1min;
  while (client_->Query(id, kTold, Nothing()).value_or(0) < 5) {
    if (std::chrono::steady_clock::now() > until) return false;
  }
  return true;
}

Json PythonInterop::StoryTold(int amount) {
  // The child has no header: only activities get it passed on.
  const Json child = {{"word", "child"}, {"memo", ""}, {"keyword", ""}, {"trace", ""}};
  return {{"told", {"patched", "hello reader", "hello myself", child, "waited"}}, {"total", amount}, {"end", "well"}};
}

}  // namespace temporal::interop
