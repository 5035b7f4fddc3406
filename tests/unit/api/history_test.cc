#include "api/ops/history.h"

#include "gmock/gmock.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/client/types.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;
using temporal::api::history::v1::History;
using temporal::api::history::v1::HistoryEvent;

constexpr std::int64_t kStart = 1'800'000'000;

// Events one second apart.
class Builder {
 public:
  HistoryEvent& Add() {
    HistoryEvent& event = *history_.add_events();
    event.set_event_id(history_.events_size());
    event.mutable_event_time()->set_seconds(kStart + history_.events_size());
    return event;
  }
  std::int64_t Schedule(const std::string& name, const std::string& activity_id) {
    HistoryEvent& event = Add();
    auto& scheduled = *event.mutable_activity_task_scheduled_event_attributes();
    scheduled.mutable_activity_type()->set_name(name);
    scheduled.set_activity_id(activity_id);
    return event.event_id();
  }
  void Start(std::int64_t scheduled, int attempt) {
    auto& started = *Add().mutable_activity_task_started_event_attributes();
    started.set_scheduled_event_id(scheduled);
    started.set_attempt(attempt);
  }
  History& history() { return history_; }

 private:
  History history_;
};

stores::Attempt AttemptOf(const std::string& run, const std::string& activity, int number, const std::string& outcome) {
  stores::Attempt attempt{.run_id = run, .activity_id = activity, .step = "allocation.Provision", .number = number};
  attempt.started_at = Time(std::chrono::seconds(kStart + number));
  attempt.outcome = outcome;
  if (outcome != "running") attempt.ended_at = attempt.started_at + std::chrono::seconds(1);
  if (outcome == "failed") {
    attempt.error_code = "node_unreachable";
    attempt.message = "no answer";
  }
  if (outcome == "completed") attempt.message = "on node gpu-14";
  return attempt;
}

temporal::WorkflowDescription Described(temporal::WorkflowStatus status) {
  temporal::WorkflowDescription description;
  description.summary.run_id = "run-2";
  description.summary.status = status;
  return description;
}

TEST(BuildHistory, FoldsEventsIntoStepsAndJoinsTheAttempts) {
  Builder builder;
  auto step = builder.Schedule("allocation.Provision", "7");
  builder.Start(step, 3);
  builder.Add().mutable_activity_task_completed_event_attributes()->set_scheduled_event_id(step);
  builder.Add().mutable_workflow_execution_signaled_event_attributes()->set_signal_name("release");
  auto& timer = *builder.Add().mutable_timer_started_event_attributes();
  timer.set_timer_id("1");
  timer.mutable_start_to_fire_timeout()->set_seconds(60);
  const auto description = Described(temporal::WorkflowStatus::kRunning);
  const Json history = BuildHistory("allocation/a", &builder.history(), &description,
                                    {AttemptOf("run-2", "7", 1, "failed"), AttemptOf("run-2", "7", 2, "failed"),
                                     AttemptOf("run-2", "7", 3, "completed")});
  EXPECT_EQ(history["run_id"], "run-2");
  EXPECT_EQ(history["status"], "running");
  EXPECT_EQ(history["source"], "workflow_service");
  ASSERT_EQ(history["steps"].size(), 3u);
  const Json& provision = history["steps"][0];
  EXPECT_EQ(provision["name"], "allocation.Provision");
  EXPECT_EQ(provision["state"], "completed");
  EXPECT_EQ(provision["attempts"], 3);
  EXPECT_EQ(provision["started_at"], "2027-01-15T08:00:01.000000Z");
  EXPECT_EQ(provision["error"], nullptr);
  EXPECT_EQ(provision["detail"], "on node gpu-14");
  ASSERT_EQ(provision["attempt_list"].size(), 3u);
  EXPECT_EQ(provision["attempt_list"][0]["error"]["code"], "node_unreachable");
  EXPECT_EQ(provision["attempt_list"][2]["error"], nullptr);
  EXPECT_EQ(history["steps"][1]["kind"], "signal");
  EXPECT_EQ(history["steps"][2]["kind"], "timer");
  EXPECT_EQ(history["steps"][2]["state"], "running");
  EXPECT_EQ(history["steps"][2]["due_at"], "2027-01-15T08:01:05.000000Z");
}

TEST(BuildHistory, TellsWhetherAWorkerHasLookedAtIt) {
  Builder builder;
  builder.Add().mutable_workflow_execution_started_event_attributes();
  builder.Add().mutable_workflow_task_scheduled_event_attributes();
  EXPECT_EQ(BuildHistory("node/n", &builder.history(), nullptr, {})["taken_up"], false);
  builder.Add().mutable_workflow_task_started_event_attributes();
  EXPECT_EQ(BuildHistory("node/n", &builder.history(), nullptr, {})["taken_up"], true);
  EXPECT_EQ(BuildHistory("node/n", nullptr, nullptr, {})["taken_up"], nullptr);
}

TEST(BuildHistory, AStepThatFailedSaysWhyInOurWords) {
  Builder builder;
  auto step = builder.Schedule("allocation.Place", "1");
  builder.Start(step, 1);
  auto& failed = *builder.Add().mutable_activity_task_failed_event_attributes();
  failed.set_scheduled_event_id(step);
  failed.mutable_failure()->set_message("activity error");
  failed.mutable_failure()->mutable_cause()->set_message("no node can hold it");
  failed.mutable_failure()->mutable_cause()->mutable_application_failure_info()->set_type("no_capacity");
  const Json history = BuildHistory("allocation/a", &builder.history(), nullptr, {});
  EXPECT_EQ(history["steps"][0]["state"], "failed");
  EXPECT_EQ(history["steps"][0]["error"], (Json{{"code", "no_capacity"}, {"message", "no node can hold it"}}));
}

TEST(BuildHistory, ShowsTheNextRetryOfAPendingStep) {
  Builder builder;
  builder.Schedule("allocation.Provision", "7");
  auto description = Described(temporal::WorkflowStatus::kRunning);
  temporal::PendingActivity pending;
  pending.id = "7";
  pending.attempt = 4;
  pending.next_attempt_at = std::chrono::system_clock::time_point(std::chrono::seconds(kStart + 100));
  pending.last_failure_type = "node_unreachable";
  pending.last_failure_message = "no answer";
  description.pending_activities = {pending};
  const Json step = BuildHistory("allocation/a", &builder.history(), &description, {})["steps"][0];
  EXPECT_EQ(step["state"], "retrying");
  EXPECT_EQ(step["attempts"], 4);
  EXPECT_EQ(step["next_retry_at"], "2027-01-15T08:01:40.000000Z");
  EXPECT_EQ(step["error"]["code"], "node_unreachable");
}

TEST(BuildHistory, StepsOfEarlierRunsComeFromTheirAttempts) {
  Builder builder;
  builder.Schedule("allocation.Provision", "7");
  const auto description = Described(temporal::WorkflowStatus::kRunning);
  const Json history = BuildHistory("allocation/a", &builder.history(), &description,
                                    {AttemptOf("run-1", "7", 1, "completed"), AttemptOf("run-2", "7", 1, "running")});
  ASSERT_EQ(history["steps"].size(), 2u);
  EXPECT_EQ(history["steps"][0]["state"], "completed");
  EXPECT_EQ(history["steps"][1]["attempt_list"].size(), 1u);
}

// The worker of the first two attempts was killed: nobody wrote down their ends.
TEST(BuildHistory, AnAttemptWhoseWorkerDiedHasFailed) {
  Builder builder;
  auto step = builder.Schedule("allocation.Provision", "7");
  builder.Start(step, 3);
  auto& last = *builder.history().mutable_events(1)->mutable_activity_task_started_event_attributes();
  last.mutable_last_failure()->set_message("activity StartToClose timeout");
  last.mutable_last_failure()->mutable_timeout_failure_info();
  builder.Add().mutable_activity_task_completed_event_attributes()->set_scheduled_event_id(step);
  const auto description = Described(temporal::WorkflowStatus::kRunning);
  const Json provision = BuildHistory("allocation/a", &builder.history(), &description,
                                      {AttemptOf("run-2", "7", 1, "running"), AttemptOf("run-2", "7", 2, "running"),
                                       AttemptOf("run-2", "7", 3, "completed")})["steps"][0];
  EXPECT_EQ(provision["state"], "completed");
  EXPECT_EQ(provision["error"], nullptr);
  const Json& attempts = provision["attempt_list"];
  ASSERT_EQ(attempts.size(), 3u);
  EXPECT_EQ(attempts[0]["state"], "failed");
  EXPECT_EQ(attempts[0]["ended_at"], attempts[1]["started_at"]);
  EXPECT_EQ(attempts[0]["error"], (Json{{"code", "unavailable"}, {"message", "the worker was lost"}}));
  EXPECT_EQ(attempts[1]["state"], "failed");
  EXPECT_EQ(attempts[1]["error"], (Json{{"code", "deadline_exceeded"}, {"message", "activity StartToClose timeout"}}));
  EXPECT_EQ(attempts[2]["state"], "completed");
}

TEST(BuildHistory, AnAttemptUnderWayIsRunningUntilItsStepEnds) {
  Builder builder;
  auto step = builder.Schedule("allocation.Provision", "7");
  builder.Start(step, 1);
  const auto description = Described(temporal::WorkflowStatus::kRunning);
  const auto attempt = [&] {
    return BuildHistory("allocation/a", &builder.history(), &description,
                        {AttemptOf("run-2", "7", 1, "running")})["steps"][0]["attempt_list"][0];
  };
  EXPECT_EQ(attempt()["state"], "running");
  EXPECT_EQ(attempt()["ended_at"], nullptr);
  auto& timed_out = *builder.Add().mutable_activity_task_timed_out_event_attributes();
  timed_out.set_scheduled_event_id(step);
  timed_out.mutable_failure()->mutable_timeout_failure_info();
  timed_out.mutable_failure()->set_message("activity ScheduleToClose timeout");
  EXPECT_EQ(attempt()["state"], "failed");
  EXPECT_EQ(attempt()["ended_at"], "2027-01-15T08:00:03.000000Z");
  EXPECT_EQ(attempt()["error"]["code"], "deadline_exceeded");
}

TEST(BuildHistory, LostAttemptsAreFailedInTheRecordAlone) {
  const Json history = BuildHistory("allocation/a", nullptr, nullptr,
                                    {AttemptOf("run-1", "7", 1, "running"), AttemptOf("run-1", "7", 2, "completed")});
  EXPECT_EQ(history["steps"][0]["attempt_list"][0]["state"], "failed");
  EXPECT_EQ(history["steps"][0]["attempt_list"][0]["error"]["message"], "the worker was lost");
}

TEST(Disclose, CausesAreForThePlatform) {
  auto failed = AttemptOf("run-1", "7", 1, "failed");
  failed.message = "node node_1: failed to connect to 10.0.0.7:7443";
  const Json full = BuildHistory("allocation/a", nullptr, nullptr, {failed});
  const auto as = [&](const Principal& reader) {
    Json history = full;
    Disclose(history, reader);
    return history;
  };
  EXPECT_EQ(as(Principal{.platform_roles = {domain::Role::kPlatformAdmin}}), full);
  const Json seen = as(Principal{.tenant_roles = {domain::Role::kTenantAdmin}});
  const Json meaning = {{"code", "node_unreachable"}, {"message", InfoOf(ErrorCode::kNodeUnreachable).meaning}};
  EXPECT_EQ(seen["steps"][0]["error"], meaning);
  EXPECT_EQ(seen["steps"][0]["attempt_list"][0]["error"], meaning);
}

TEST(CauseFor, TellsTenantsWhatWasWrittenForThem) {
  const Principal tenant;
  EXPECT_EQ(CauseFor(tenant, "no_capacity", "3 of 40 nodes fit"), "3 of 40 nodes fit");
  EXPECT_EQ(CauseFor(tenant, "conflict", "GPU-1 is held by another sandbox"), InfoOf(ErrorCode::kConflict).meaning);
  EXPECT_EQ(CauseFor(tenant, "NullPointerException", "at 0x0"), InfoOf(ErrorCode::kInternal).meaning);
  EXPECT_EQ(CauseFor(tenant, "internal", ""), "");
}

TEST(BuildHistory, LivesOnWithoutTheWorkflowService) {
  auto retried = AttemptOf("run-1", "7", 2, "failed");
  retried.next_retry_at = Time(std::chrono::seconds(kStart + 50));
  const Json history = BuildHistory("allocation/a", nullptr, nullptr, {AttemptOf("run-1", "7", 1, "failed"), retried});
  EXPECT_EQ(history["source"], "attempts");
  EXPECT_EQ(history["status"], "unknown");
  EXPECT_EQ(history["run_id"], "run-1");
  ASSERT_EQ(history["steps"].size(), 1u);
  EXPECT_EQ(history["steps"][0]["state"], "retrying");
  EXPECT_EQ(history["steps"][0]["attempts"], 2);
  EXPECT_EQ(BuildHistory("allocation/a", nullptr, nullptr, {})["run_id"], nullptr);
}

}  // namespace
}  // namespace gpuaas::api
