#include "temporal/transport/codec_transport.h"
#include "tests/unit/temporal/reversing_codec.h"
#include "tests/unit/temporal/worker_fixture.h"

// Workers and clients with a payload codec, and what becomes of tasks where it fails.
namespace temporal {
namespace {

namespace enums = api::enums::v1;

constexpr ActivityRef<std::string, std::string> kEcho{"Echo"};
constexpr WorkflowRef<std::string, std::string> kFlow{"Flow"};
constexpr SignalRef<std::string> kSignal{"signal"};
constexpr UpdateRef<std::string, std::string> kUpdate{"update"};
constexpr QueryRef<std::string, std::string> kQuery{"query"};

// An echo at each place where a payload can pass.
struct Flow {
  explicit Flow(Context c) : context(c), signals(c, kSignal) {}
  Task<std::string> Run(std::string start) {
    const std::string done = co_await context.Execute(kEcho, "to echo " + start, ActivityOptions(10s));
    context.UpsertMemo("note", done);
    const std::string local =
        co_await context.ExecuteLocal(kEcho, std::string("local secret"), LocalActivityOptions(10s));
    const std::string signal = co_await signals.Received();
    co_return local + "/" + signal;
  }
  std::string Update(std::string value) { return "updated " + value; }
  std::string Query(std::string value) const { return "queried " + value; }
  Context context;
  SignalChannel<std::string> signals;
};

class CodecWorkerTest : public WorkerFixture, public ::testing::WithParamInterface<int> {
 protected:
  CodecWorkerTest() {
    testing::FakeServiceOptions server;
    server.page_size = 3;
    server.eager_activities = GetParam() > 0;
    UseService(server);
    client = std::make_shared<Client>(std::make_shared<CodecTransport>(service, codec));
    workflows.Add<Flow>(kFlow).Update(kUpdate, &Flow::Update).Query(kQuery, &Flow::Query);
    activities.Add(
        kEcho, [](ActivityContext&, std::string value) -> absl::StatusOr<std::string> { return "echoed " + value; });
  }
  WorkerOptions Options() const {
    WorkerOptions options(kQueue);
    options.sticky_cache_size = GetParam();
    return options;
  }
  // Of the newest task that failed.
  std::string WhyFailed() const {
    std::string why;
    const auto history = service->History("wf");
    for (const auto& event : history.events()) {
      if (event.has_workflow_task_failed_event_attributes()) {
        why = event.workflow_task_failed_event_attributes().failure().message();
      }
    }
    return why;
  }
  void ExpectWorksOn() {
    ASSERT_TRUE(client->Signal("wf", kSignal, std::string("end")).ok());
    EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), "echoed local secret/end");
  }

  std::shared_ptr<ReversingCodec> codec = std::make_shared<ReversingCodec>();
};

INSTANTIATE_TEST_SUITE_P(Cache, CodecWorkerTest, ::testing::Values(1000, 0));

TEST_P(CodecWorkerTest, TheServerSeesNothingOfTheUsers) {
  const auto worker = StartWorker(Options());
  StartOptions start("wf", kQueue);
  start.memo["remark"] = *ToPayload(std::string("secret memo"));
  start.summary = "secret summary";
  ASSERT_TRUE(client->Start(kFlow, std::string("secret"), start).ok());
  EXPECT_EQ(*client->ExecuteUpdate("wf", kUpdate, "secret"), "updated secret");
  EXPECT_EQ(*client->Query("wf", kQuery, std::string("secret")), "queried secret");
  ASSERT_TRUE(client->Signal("wf", kSignal, std::string("secret signal")).ok());
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), "echoed local secret/secret signal");
  EXPECT_EQ(service->History("wf").SerializeAsString().find("secret"), std::string::npos);
  const auto history = client->History("wf");
  ASSERT_TRUE(history.ok());
  EXPECT_NE(history->SerializeAsString().find("secret signal"), std::string::npos);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
}

TEST_P(CodecWorkerTest, ATaskThatCannotBeDecodedFailsAndTheWorkerGoesOn) {
  const auto worker = StartWorker(Options());
  codec->FailDecoding("secret", 1);
  Start(kFlow, std::string("secret"));
  ASSERT_TRUE(service->WaitForEvent("wf", enums::EVENT_TYPE_WORKFLOW_TASK_FAILED));
  EXPECT_NE(WhyFailed().find("no key to decode with"), std::string::npos) << WhyFailed();
  ExpectWorksOn();
}

TEST_P(CodecWorkerTest, OnlyTheFirstOfManyFailuresIsReported) {
  const auto worker = StartWorker(Options());
  codec->FailDecoding("secret", 1'000'000);
  Start(kFlow, std::string("secret"));
  ASSERT_TRUE(service->WaitForEvent("wf", enums::EVENT_TYPE_WORKFLOW_TASK_FAILED));
  for (int timed_out = 0; timed_out < 3; ++timed_out) {
    ASSERT_TRUE(service->WaitForCalls("PollWorkflowTaskQueue", 2 + timed_out));
    service->Advance(10s);
  }
  EXPECT_EQ(service->Calls("RespondWorkflowTaskFailed"), 1);
  codec->FailDecoding("secret", 0);
  service->Advance(10s);
  ExpectWorksOn();
}

TEST_P(CodecWorkerTest, ACompletionThatCannotBeEncodedFailsTheTask) {
  const auto worker = StartWorker(Options());
  codec->FailEncoding("secret/end");
  Start(kFlow, std::string("secret"));
  ASSERT_TRUE(client->Signal("wf", kSignal, std::string("end")).ok());
  ASSERT_TRUE(service->WaitForEvent("wf", enums::EVENT_TYPE_WORKFLOW_TASK_FAILED));
  EXPECT_NE(WhyFailed().find("no key to encode with"), std::string::npos) << WhyFailed();
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), "echoed local secret/end");
}

TEST_P(CodecWorkerTest, AnActivityThatCannotBeDecodedFailsThatAttempt) {
  const auto worker = StartWorker(Options());
  codec->FailDecoding("to echo");  // first met in the activity's task
  Start(kFlow, std::string("secret"));
  ASSERT_TRUE(service->WaitForCalls("RespondActivityTaskFailed"));
  AdvanceWhenIdle(1s);
  ExpectWorksOn();
  EXPECT_EQ(service->Calls("RespondActivityTaskFailed"), 1);
}

TEST_P(CodecWorkerTest, AnEagerFirstTaskThatCannotBeDecodedIsLeftToTimeOut) {
  const auto worker = StartWorker(Options());
  codec->FailDecoding("secret");
  const auto started = client->Start(kFlow, std::string("secret"), StartOptions("wf", kQueue).WithEagerStart());
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_TRUE(started->started);
  service->Advance(10s);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), 1);
  ExpectWorksOn();
}

TEST_P(CodecWorkerTest, AResultThatCannotBeEncodedFailsThatAttempt) {
  const auto worker = StartWorker(Options());
  codec->FailEncoding("echoed");  // first met in the activity's result
  Start(kFlow, std::string("secret"));
  ASSERT_TRUE(service->WaitForCalls("RespondActivityTaskFailed"));
  AdvanceWhenIdle(1s);
  ExpectWorksOn();
  EXPECT_EQ(service->Calls("RespondActivityTaskCompleted"), 1) << "what cannot be encoded is not sent";
}

TEST_P(CodecWorkerTest, AnAnswerToAQueryThatCannotBeEncodedIsAnError) {
  const auto worker = StartWorker(Options());
  Start(kFlow, std::string("secret"));
  ASSERT_TRUE(service->WaitIdle());
  codec->FailEncoding("queried");
  const auto answer = client->Query("wf", kQuery, std::string("x"));
  EXPECT_NE(answer.status().message().find("no key to encode with"), std::string::npos) << answer.status();
  EXPECT_EQ(*client->Query("wf", kQuery, std::string("x")), "queried x");
  ExpectWorksOn();
}

TEST_P(CodecWorkerTest, ClientsGetATypedError) {
  codec->FailEncoding("secret");
  auto started = client->Start(kFlow, std::string("secret"), StartOptions("wf", kQueue));
  EXPECT_EQ(FailedCodecStep(started.status()), CodecStep::kEncode);
  EXPECT_EQ(service->Calls("StartWorkflowExecution"), 0);
  const auto worker = StartWorker(Options());
  Start(kFlow, std::string("secret"));
  ASSERT_TRUE(client->Signal("wf", kSignal, std::string("end")).ok());
  ASSERT_TRUE(service->WaitForEvent("wf", enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED));
  codec->FailDecoding("secret/end");
  EXPECT_EQ(FailedCodecStep(client->GetResult(kFlow, "wf", 20s).status()), CodecStep::kDecode);
  EXPECT_TRUE(client->GetResult(kFlow, "wf", 20s).ok());
}

}  // namespace
}  // namespace temporal
