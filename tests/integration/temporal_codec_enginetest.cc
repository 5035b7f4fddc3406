#include "temporal/codec_aes/aes_gcm_codec.h"
#include "temporal/testing/replayer.h"
#include "temporal/transport/codec_transport.h"
#include "tests/integration/temporal_server.h"

// Encrypted payloads on a real server, and replay straight from it.
namespace temporal {
namespace {

constexpr ActivityRef<std::string, std::string> kEcho{"Echo"};
constexpr WorkflowRef<std::string, std::string> kFlow{"Encrypted"};
constexpr SignalRef<std::string> kSignal{"signal"};
constexpr UpdateRef<std::string, std::string> kUpdate{"update"};

struct Flow {
  explicit Flow(Context c) : context(c), signals(c, kSignal) {}
  Task<std::string> Run(std::string start) {
    context.UpsertMemo("note", start);
    const LocalActivityOptions local(10s);
    const std::string done = co_await context.ExecuteLocal(kEcho, start, local);
    const std::string again = co_await context.Execute(kEcho, done, ActivityOptions(10s));
    const std::string signal = co_await signals.Received();
    if (signal == "secret end") throw ApplicationFailure("secret message", "INVALID_ARGUMENT");
    co_return again + signal;
  }
  std::string Update(std::string value) { return "updated " + value; }
  Context context;
  SignalChannel<std::string> signals;
};

class CodecServerTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (client == nullptr) return;
    plain = client;
    auto codec = AesGcmCodec::Create({{"test", "test-key-test-key-test-key-test!"}}, "test");
    ASSERT_TRUE(codec.ok());
    CodecOptions options;
    options.failures = true;
    client = std::make_shared<Client>(std::make_shared<CodecTransport>(plain->transport(), *codec, options));
    workflows.Add<Flow>(kFlow).Update(kUpdate, &Flow::Update);
    activities.Add(kEcho, [](ActivityContext&, std::string value) -> absl::StatusOr<std::string> { return value; });
  }
  std::shared_ptr<Client> plain;
};

TEST_F(CodecServerTest, TheServerKeepsNothingReadable) {
  const auto worker = StartWorker();
  const std::string id = Start(kFlow, std::string("secret"));
  EXPECT_EQ(*client->ExecuteUpdate(id, kUpdate, "secret"), "updated secret");
  ASSERT_TRUE(client->Signal(id, kSignal, std::string(" signal")).ok());
  EXPECT_EQ(*client->GetResult(kFlow, id, 30s), "secret signal");
  const auto kept = plain->History(id);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->SerializeAsString().find("secret"), std::string::npos);
  EXPECT_NE(kept->SerializeAsString().find("binary/encrypted"), std::string::npos);
  RecordProperty("workflow_id", id);
}

TEST_F(CodecServerTest, FailuresAreHiddenToo) {
  const auto worker = StartWorker();
  const std::string id = Start(kFlow, std::string("secret"));
  ASSERT_TRUE(client->Signal(id, kSignal, std::string("secret end")).ok());
  EXPECT_EQ(client->GetResult(kFlow, id, 30s).status().message(), "secret message");
  EXPECT_EQ(plain->GetResult(kFlow, id, 30s).status().message(), "Encoded failure");
}

TEST_F(CodecServerTest, ReplaysStraightFromTheServer) {
  const auto worker = StartWorker();
  const std::string id = Start(kFlow, std::string("secret"));
  ASSERT_TRUE(client->Signal(id, kSignal, std::string(" signal")).ok());
  ASSERT_TRUE(client->GetResult(kFlow, id, 30s).ok());
  testing::Replayer replayer(workflows);
  EXPECT_EQ(replayer.ReplayExecution(*client, Execution(id)), absl::OkStatus());
  EXPECT_FALSE(replayer.ReplayExecution(*plain, Execution(id)).ok()) << "it cannot read its input";
  EXPECT_EQ(replayer.ReplayExecution(*client, Execution("no such workflow")).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace temporal
