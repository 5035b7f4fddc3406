// Payloads that the server cannot read, and are small. Usage: sample_codec [ADDRESS]; in memory without one.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/io/gzip_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/codec_aes/aes_gcm_codec.h"
#include "temporal/common/proto.h"
#include "temporal/samples/stage.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/transport/codec_transport.h"
#include "temporal/transport/grpc_transport.h"

using namespace std::chrono_literals;
using samples::Stage;
using temporal::Payload;
namespace io = google::protobuf::io;

// Makes payloads smaller. Keeps each as a whole, with its metadata, and marks what it made; other payloads it leaves.
class GzipCodec : public temporal::PayloadCodec {
 public:
  absl::StatusOr<std::vector<Payload>> Encode(std::vector<Payload> payloads) const override {
    for (Payload& payload : payloads) {
      std::string small;
      {
        io::StringOutputStream out(&small);
        io::GzipOutputStream gzip(&out);
        payload.SerializeToZeroCopyStream(&gzip);
      }
      payload.Clear();
      (*payload.mutable_metadata())["encoding"] = "binary/gzip";
      payload.set_data(std::move(small));
    }
    return payloads;
  }

  absl::StatusOr<std::vector<Payload>> Decode(std::vector<Payload> payloads) const override {
    for (Payload& payload : payloads) {
      const auto encoding = payload.metadata().find("encoding");
      if (encoding == payload.metadata().end() || encoding->second != "binary/gzip") continue;
      const std::string small = payload.data();
      io::ArrayInputStream in(small.data(), static_cast<int>(small.size()));
      io::GzipInputStream gzip(&in);
      if (!payload.ParseFromZeroCopyStream(&gzip)) return absl::DataLossError("a payload is not what was packed");
    }
    return payloads;
  }
};

inline constexpr temporal::WorkflowRef<std::string, std::string> kLetter{"Letter"};

temporal::Task<std::string> Letter(temporal::Context ctx, std::string text) {
  co_await ctx.Sleep(1s);
  co_return "read: " + text;
}

std::shared_ptr<temporal::Transport> ConnectedTo(const char* address) {
  if (address != nullptr) return Stage::Value(temporal::Connect(temporal::ConnectOptions(address)));
  temporal::testing::FakeServiceOptions options;
  options.skip_time = true;
  return std::make_shared<temporal::testing::FakeService>(options);
}

int main(int argc, char** argv) {
  const auto server = ConnectedTo(argc > 1 ? argv[1] : nullptr);
  const std::string key = "from where you keep such secrets";  // 32 bytes
  const auto aes = Stage::Value(temporal::AesGcmCodec::Create({{"2026-11", key}}, "2026-11"));
  // The last one is applied first: what is encrypted does not get smaller any more.
  const auto codec = std::make_shared<temporal::CodecChain>(
      std::vector<std::shared_ptr<const temporal::PayloadCodec>>{aes, std::make_shared<GzipCodec>()});
  temporal::CodecOptions options;
  options.failures = true;  // messages of failures, too
  const auto client =
      std::make_shared<temporal::Client>(std::make_shared<temporal::CodecTransport>(server, codec, options));

  temporal::WorkflowRegistry workflows;
  workflows.AddFunction(kLetter, Letter);
  const temporal::ActivityRegistry activities;
  const std::string queue = "letters-" + temporal::NewUuid();
  const auto worker =
      Stage::Value(temporal::Worker::Create(client, workflows, activities, temporal::WorkerOptions(queue)));
  Stage::Expect(worker->Start().ok(), "a worker");
  const std::string id = "letter/" + temporal::NewUuid(), text(1000, 'x');
  Stage::Value(client->Start(kLetter, text, temporal::StartOptions(id, queue)));
  Stage::Expect(client->GetResult(kLetter, id, 60s).value_or("") == "read: " + text, "the letter");

  const auto kept = Stage::Value(temporal::Client(server).History(id)).SerializeAsString();
  Stage::Expect(kept.find("xxx") == std::string::npos, "nothing that the server can read");
  std::puts("ok");
}
