#include <gmock/gmock.h>

#include "temporal/api/errordetails/v1/message.pb.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/client/schedules.h"
#include "temporal/codec_aes/aes_gcm_codec.h"
#include "temporal/testing/replayer.h"
#include "temporal/transport/codec_transport.h"
#include "temporal/transport/error_details.h"
#include "tests/integration/temporal_server.h"

// Encrypted payloads on a real server, and replay straight from it.
namespace temporal {
namespace {

using ::testing::HasSubstr;

constexpr ActivityRef<std::string, std::string> kEcho{"Echo"};
constexpr WorkflowRef<std::string, std::string> kFlow{"Encrypted"};
constexpr WorkflowRef<std::string, std::string> kChild{"EncryptedChild"};
constexpr SignalRef<std::string> kSignal{"signal"};
constexpr UpdateRef<std::string, std::string> kUpdate{"update"};
constexpr QueryRef<std::string, std::string> kQuery{"query"};

// The word at each place where a payload can pass.
struct Flow {
  explicit Flow(Context c) : context(c), signals(c, kSignal) {}
  Task<std::string> Run(std::string start) {
    context.UpsertMemo("note", start);
    const LocalActivityOptions local(10s);
    const std::string done = co_await context.ExecuteLocal(kEcho, start, local);
    ActivityOptions options(10s);
    options.summary = "an echo of the secret";
    const std::string again = co_await context.Execute(kEcho, done, options);
    const ChildOptions child(context.info().workflow_id + "/child");
    const std::string grown = co_await context.ExecuteChild(kChild, again, child);
    const std::string signal = co_await signals.Received();
    if (signal == "secret end") throw ApplicationFailure("secret message", "INVALID_ARGUMENT");
    co_return grown + signal;
  }
  std::string Update(std::string value) { return "updated " + value; }
  std::string Query(std::string value) const {
    if (value == "secret fault") throw ApplicationFailure("no secret", "INVALID_ARGUMENT");
    return "queried " + value;
  }
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
    workflows.Add<Flow>(kFlow).Update(kUpdate, &Flow::Update).Query(kQuery, &Flow::Query);
    workflows.AddFunction(kChild, [](Context, std::string value) -> Task<std::string> { co_return value; });
    activities.Add(kEcho, [](ActivityContext& context, std::string value) -> absl::StatusOr<std::string> {
      const absl::Status alive = context.Heartbeat(std::string("secret step"));
      return alive.ok() ? absl::StatusOr<std::string>(value) : alive;
    });
  }
  // What the server has of a run.
  std::string Kept(const Execution& execution) {
    const auto kept = plain->History(execution);
    EXPECT_TRUE(kept.ok()) << kept.status();
    return kept.ok() ? kept->SerializeAsString() : std::string();
  }

  std::shared_ptr<Client> plain;
};

TEST_F(CodecServerTest, TheServerKeepsNothingReadable) {
  const auto worker = StartWorker();
  const std::string id = "test/" + NewUuid();
  StartOptions start(id, queue);
  start.summary = "a secret summary";
  start.WithMemo("remark", *ToPayload(std::string("secret remark")));
  ASSERT_TRUE(client->Start(kFlow, std::string("secret"), start).ok());
  EXPECT_EQ(*client->ExecuteUpdate(id, kUpdate, "secret"), "updated secret");
  EXPECT_EQ(*client->Query(id, kQuery, std::string("secret")), "queried secret");
  ASSERT_TRUE(client->Signal(id, kSignal, std::string(" signal")).ok());
  EXPECT_EQ(*client->GetResult(kFlow, id, 30s), "secret signal");
  for (const std::string& each : {id, id + "/child"}) {
    const std::string kept = Kept(each);
    EXPECT_EQ(kept.find("secret"), std::string::npos) << each;
    EXPECT_NE(kept.find("binary/encrypted"), std::string::npos) << each;
  }
  const auto described = client->Describe(id);
  ASSERT_TRUE(described.ok());
  EXPECT_EQ(*FromPayload<std::string>(described->summary.memo.at("remark")), "secret remark");
  EXPECT_EQ(*FromPayload<std::string>(described->summary.memo.at("note")), "secret");
  EXPECT_EQ(described->static_summary, "a secret summary");
  EXPECT_FALSE(FromPayload<std::string>(plain->Describe(id)->summary.memo.at("note")).ok());
}

TEST_F(CodecServerTest, FailuresAreHiddenToo) {
  const auto worker = StartWorker();
  const std::string id = Start(kFlow, std::string("secret"));
  const absl::Status query = client->Query(id, kQuery, std::string("secret fault")).status();
  EXPECT_EQ(query.message(), "no secret");
  EXPECT_TRUE(ErrorDetail<api::errordetails::v1::QueryFailedFailure>(query).has_value());
  ASSERT_TRUE(client->Signal(id, kSignal, std::string("secret end")).ok());
  const absl::Status failed = client->GetResult(kFlow, id, 30s).status();
  EXPECT_EQ(failed.message(), "secret message");
  EXPECT_EQ(plain->GetResult(kFlow, id, 30s).status().message(), "Encoded failure");
  EXPECT_EQ(Kept(id).find("secret"), std::string::npos);
}

TEST_F(CodecServerTest, SchedulesStartWithWhatOnlyTheWorkerCanRead) {
  const auto worker = StartWorker();
  const std::string id = "test/" + NewUuid();
  StartOptions start(id + "/run", queue);
  start.WithMemo("owner", *ToPayload(std::string("secret owner")));
  const auto action = StartWorkflowAction(kChild, "secret report", start);
  ASSERT_TRUE(action.ok());
  ScheduleSpec yearly;
  yearly.cron_expressions = {"0 3 1 1 *"};
  ScheduleClient schedules(*client);
  const auto handle = schedules.Create(id, Schedule(*action, yearly));
  ASSERT_TRUE(handle.ok()) << handle.status();
  EXPECT_EQ(*FromPayloads<std::string>(handle->Describe()->schedule.action.input), "secret report");
  const auto kept = ScheduleClient(*plain).GetHandle(id).Describe();
  ASSERT_TRUE(kept.ok());
  EXPECT_FALSE(FromPayloads<std::string>(kept->schedule.action.input).ok());
  EXPECT_FALSE(FromPayload<std::string>(kept->schedule.action.options.memo.at("owner")).ok());
  ASSERT_TRUE(handle->Trigger().ok());
  std::optional<Execution> first;
  for (const auto until = std::chrono::steady_clock::now() + 20s; !first && std::chrono::steady_clock::now() < until;) {
    const auto seen = handle->Describe();
    if (seen.ok() && !seen->info.recent_actions.empty()) first = seen->info.recent_actions[0].execution;
  }
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(*client->GetResult(kChild, *first, 30s), "secret report");
  EXPECT_EQ(Kept(*first).find("secret"), std::string::npos);
  EXPECT_TRUE(handle->Delete().ok());
}

TEST_F(CodecServerTest, ReplaysStraightFromTheServer) {
  const auto worker = StartWorker();
  const std::string id = Start(kFlow, std::string("secret"));
  ASSERT_TRUE(client->Signal(id, kSignal, std::string(" signal")).ok());
  ASSERT_TRUE(client->GetResult(kFlow, id, 30s).ok());
  testing::Replayer replayer(workflows);
  EXPECT_EQ(replayer.ReplayExecution(*client, Execution(id)), absl::OkStatus());
  const absl::Status unread = replayer.ReplayExecution(*plain, Execution(id));
  EXPECT_THAT(std::string(unread.message()), HasSubstr("binary/encrypted")) << "without the codec";
  EXPECT_EQ(replayer.ReplayExecution(*client, Execution("no such workflow")).code(), absl::StatusCode::kNotFound);
}

// The worker has lost its key: the task says so, and goes on where there is one again.
TEST_F(CodecServerTest, AWorkerWithAnotherKeyFailsTheTaskAndNothingElse) {
  const std::string id = Start(kFlow, std::string("secret"));
  const auto other = AesGcmCodec::Create({{"other", std::string(32, 'o')}}, "other");
  const auto right = client;
  client = std::make_shared<Client>(std::make_shared<CodecTransport>(plain->transport(), *other));
  {
    const auto lost = StartWorker();
    EXPECT_TRUE(Until(id, [](const auto& seen) { return seen.pending_workflow_task_attempt.value_or(1) > 1; }));
  }
  EXPECT_NE(Kept(id).find("a key that is not there"), std::string::npos);
  client = right;
  const auto worker = StartWorker();
  ASSERT_TRUE(client->Signal(id, kSignal, std::string(" signal")).ok());
  EXPECT_EQ(*client->GetResult(kFlow, id, 30s), "secret signal");
}

}  // namespace
}  // namespace temporal
