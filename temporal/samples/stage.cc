#include "temporal/samples/stage.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/common/proto.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/testing/replayer.h"
#include "temporal/transport/grpc_transport.h"

namespace samples {
namespace {

int Replay(const temporal::WorkflowRegistry& workflows, const std::vector<std::string>& files) {
  temporal::testing::Replayer replayer(workflows);
  int failed = 0;
  for (const std::string& file : files) {
    const absl::Status status = replayer.ReplayFile(file);
    std::printf("%s: %s\n", file.c_str(), status.ToString().c_str());
    failed += status.ok() ? 0 : 1;
  }
  return failed == 0 ? 0 : 1;
}

void Record(const Stage& stage, const std::filesystem::path& folder, const std::string& sample) {
  std::filesystem::create_directories(folder);
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  int number = 0;
  for (const std::string& id : stage.ids()) {
    std::string json;
    const auto history = Stage::Value(stage.client().History(id));
    Stage::Expect(google::protobuf::util::MessageToJsonString(history, &json, options).ok(), "the history as JSON");
    std::ofstream(folder / absl::StrCat(sample, ".", ++number, ".json")) << json;
  }
}

}  // namespace

Stage::Stage(std::shared_ptr<temporal::Client> client, bool real)
    : client_(std::move(client)), real_(real), queue_("sample-" + temporal::NewUuid()) {}

std::string Stage::NewId() { return "sample/" + temporal::NewUuid(); }

std::string Stage::Started(const absl::StatusOr<temporal::Started>& started) {
  Expect(started.ok(), started.status().ToString());
  return ids_.emplace_back(started->workflow_id);
}

void Stage::Expect(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "not as expected: %s\n", std::string(what).c_str());
  std::_Exit(1);  // the worker's threads run on
}

int Main(int argc, char** argv, const temporal::WorkflowRegistry& workflows,
         const temporal::ActivityRegistry& activities, const std::function<void(Stage&)>& story) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "--replay") return Replay(workflows, {words.begin() + 1, words.end()});

  std::shared_ptr<temporal::Transport> transport;
  if (words.empty()) {
    temporal::testing::FakeServiceOptions options;
    options.skip_time = true;
    transport = std::make_shared<temporal::testing::FakeService>(options);
  } else {
    transport = Stage::Value(temporal::Connect(temporal::ConnectOptions(words[0])));
  }
  temporal::ClientOptions options;
  options.identity = "sample";
  const auto client = std::make_shared<temporal::Client>(transport, options);
  Stage stage(client, /*real=*/!words.empty());
  temporal::WorkerOptions worker_options(stage.queue());
  worker_options.poll_timeout = std::chrono::seconds(3);
  const auto worker = Stage::Value(temporal::Worker::Create(client, workflows, activities, worker_options));
  const absl::Status status = worker->Start();
  Stage::Expect(status.ok(), status.ToString());
  story(stage);
  if (words.size() == 3 && words[1] == "--record") {
    Record(stage, words[2], std::filesystem::path(argv[0]).filename().string());
  }
  std::puts("ok");
  return 0;
}

}  // namespace samples
