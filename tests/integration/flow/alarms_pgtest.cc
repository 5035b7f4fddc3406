// What raises ops items beside the flows: the record of attempts and the dispatcher.
#include <utility>

#include "activities/common/step_registry.h"
#include "activities/ops/attempts_interceptor.h"
#include "activities/ops/dispatcher.h"
#include "stores/ops/attempts.h"
#include "stores/ops/items.h"
#include "stores/ops/operations.h"
#include "stores/ops/outbox.h"
#include "temporal/activity/activity_context.h"
#include "temporal/client/client.h"
#include "temporal/testing/fake/fake_service.h"
#include "tests/integration/stores/fixture.h"

namespace gpuaas::tests {
namespace {

using namespace std::chrono_literals;
using platform::Transaction;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AlarmsTest : public StoresTest {
 protected:
  std::vector<stores::OpsItem> Items() {
    return InSystem<std::vector<stores::OpsItem>>(
        [&](Transaction& tx) { return stores::ListOpsItems(tx, false, 100); });
  }
};

class NoHeartbeats final : public temporal::HeartbeatSink {
 public:
  void Record(temporal::Payloads) override {}
};

class StuckSteps : public AlarmsTest {
 protected:
  // One attempt of a step of the workflow that ends so.
  void Attempt(const absl::Status& status) {
    ++info_.attempt;
    NoHeartbeats heartbeats;
    temporal::ActivityContext context(info_, {}, {}, heartbeats);
    temporal::Payloads input;
    input.add_payloads()->set_data(R"({"step":{"tenantId":")" + acme_.tenant.str() + R"("}})");
    (void)interceptor_.Execute(context, input, [&]() -> absl::StatusOr<temporal::Payload> {
      if (!status.ok()) return status;
      return temporal::Payload();
    });
  }
  void Fail() { Attempt(MakeError(ErrorCode::kVaultDenied, "permission denied")); }

  void NextStep(const std::string& step) {
    info_.activity_type = step;
    info_.activity_id += "1";
    info_.attempt = 0;
  }

  const activities::StepRegistry steps_;
  activities::AttemptsInterceptor interceptor_{db(), clock_, steps_, "worker-1"};
  temporal::ActivityInfo info_ = [] {
    temporal::ActivityInfo info;
    info.activity_id = "1";
    info.activity_type = "nodes.RevokeCertificate";
    info.workflow_id = "node/node_1";
    info.workflow_run_id = "run-1";
    info.attempt = 0;
    return info;
  }();
};

TEST_F(StuckSteps, AStepThatKeepsFailingRaisesOneItemThatItsSuccessCloses) {
  Fail();
  const Time since = now();
  clock_.Advance(299s);
  Fail();
  EXPECT_THAT(Items(), IsEmpty());
  clock_.Advance(1s);
  Fail();
  clock_.Advance(30s);
  Fail();
  const auto items = Items();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].kind, "step_stuck");
  EXPECT_EQ(items[0].severity, "critical");
  EXPECT_EQ(items[0].tenant, acme_.tenant);
  EXPECT_EQ(items[0].resource_kind, "node");
  EXPECT_EQ(items[0].resource_id, "node_1");
  EXPECT_EQ(items[0].workflow_id, "node/node_1");
  EXPECT_THAT(items[0].title, HasSubstr("nodes.RevokeCertificate"));
  EXPECT_THAT(items[0].detail,
              AllOf(HasSubstr("4 attempts"), HasSubstr(FormatTime(since)), HasSubstr("permission denied")));
  Attempt(absl::OkStatus());
  EXPECT_THAT(Items(), IsEmpty());
}

TEST_F(StuckSteps, WaitingForAWorkerOrRunningLongIsNoFailure) {
  info_.scheduled_at = now() - 1h;
  Fail();
  EXPECT_THAT(Items(), IsEmpty());
}

TEST_F(StuckSteps, AWorkerThatGoesDownWithEachAttemptIsSeenByTheNext) {
  const auto die = [&] {
    EXPECT_TRUE(System([&](Transaction& tx) {
                  ++info_.attempt;
                  return stores::BeginAttempt(tx, {.workflow_id = info_.workflow_id,
                                                   .run_id = info_.workflow_run_id,
                                                   .activity_id = info_.activity_id,
                                                   .step = info_.activity_type,
                                                   .number = info_.attempt,
                                                   .worker = "worker-1",
                                                   .started_at = now()});
                }).ok());
  };
  die();
  clock_.Advance(30s);
  die();
  clock_.Advance(5min);
  std::vector<stores::OpsItem> during;
  ++info_.attempt;
  NoHeartbeats heartbeats;
  temporal::ActivityContext context(info_, {}, {}, heartbeats);
  (void)interceptor_.Execute(context, {}, [&]() -> absl::StatusOr<temporal::Payload> {
    during = Items();
    return temporal::Payload();
  });
  ASSERT_EQ(during.size(), 1u);
  EXPECT_THAT(during[0].detail, AllOf(HasSubstr("2 attempts"), HasSubstr("went down")));
  EXPECT_THAT(Items(), IsEmpty());
}

TEST_F(StuckSteps, AStepThatItsFlowBoundsIsTheFlowsToReport) {
  info_.schedule_to_close = 15min;
  Fail();
  clock_.Advance(10min);
  Fail();
  EXPECT_THAT(Items(), IsEmpty());
}

TEST_F(StuckSteps, TheFlowGoingOnWithoutTheStepClosesTheItemButAnAlarmOfTheFlowDoesNot) {
  Fail();
  clock_.Advance(5min);
  Fail();
  NextStep("ops.RaiseItem");
  Attempt(absl::OkStatus());
  EXPECT_EQ(Items().size(), 1u);
  NextStep("nodes.Transition");  // the one that failed was cancelled in its pause
  Attempt(absl::OkStatus());
  EXPECT_THAT(Items(), IsEmpty());
}

class Dispatching : public AlarmsTest {
 protected:
  // An accepted release whose signal waits in the outbox.
  OperationId Accept(const std::string& workflow_id) {
    const auto operation = OperationId::New(now());
    EXPECT_TRUE(System([&](Transaction& tx) -> absl::Status {
                  Must(stores::CreateOperation(tx, {.id = operation,
                                                    .caller = acme_,
                                                    .resource_kind = "allocation",
                                                    .resource_id = workflow_id.substr(workflow_id.find('/') + 1),
                                                    .kind = "release",
                                                    .now = now()}));
                  return Enqueue(tx, workflow_id, "release", operation);
                }).ok());
    return operation;
  }
  absl::Status Enqueue(Transaction& tx, const std::string& workflow_id, const std::string& name,
                       const OperationId& operation = {}) {
    return stores::EnqueueOutbox(tx, {.tenant = acme_.tenant,
                                      .workflow_id = workflow_id,
                                      .kind = stores::kOutboxSignalWorkflow,
                                      .name = name,
                                      .payload_json = "{}",
                                      .operation = operation,
                                      .now = now()})
        .status();
  }
  std::int64_t Unsent() {
    return InSystem<stores::OutboxBacklog>([&](Transaction& tx) { return stores::GetOutboxBacklog(tx, now()); }).unsent;
  }

  std::shared_ptr<temporal::testing::FakeService> service_ = std::make_shared<temporal::testing::FakeService>();
  std::unique_ptr<activities::Dispatcher> dispatcher_ =
      activities::NewDispatcher(db(), std::make_shared<temporal::Client>(service_), clock_);
};

TEST_F(Dispatching, ASignalThatNobodyWaitsForIsDropped) {
  const OperationId operation = Accept("allocation/alloc_1");
  EXPECT_TRUE(System([&](Transaction& tx) -> absl::Status {
                Must(stores::FinishOperation(tx, operation, absl::OkStatus(), now()));
                return Enqueue(tx, "allocation/alloc_1", "capacity");
              }).ok());
  EXPECT_TRUE(dispatcher_->Dispatch("allocation/alloc_1").ok());
  EXPECT_EQ(Unsent(), 0);
  EXPECT_THAT(Items(), IsEmpty());
}

TEST_F(Dispatching, ThePauseGrowsToAMinuteAndNoFurther) {
  Accept("allocation/alloc_1");
  service_->FailNext("SignalWorkflowExecution", absl::UnavailableError("not now"), 1'000);
  const auto calls = [&] {
    (void)dispatcher_->DispatchPending(1);
    return service_->Calls("SignalWorkflowExecution");
  };
  std::vector<std::chrono::seconds> pauses;
  for (int before = calls(); before < 8; ++before) {
    std::chrono::seconds pause{0};
    do {
      clock_.Advance(1s);
      ++pause;
    } while (calls() == before && pause < 5min);
    pauses.push_back(pause);
  }
  EXPECT_THAT(pauses, ElementsAre(1s, 2s, 4s, 8s, 16s, 32s, 60s));
}

}  // namespace
}  // namespace gpuaas::tests
