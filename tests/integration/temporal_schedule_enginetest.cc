#include <atomic>

#include "temporal/client/schedules.h"
#include "tests/integration/temporal_server.h"

// Schedules on a real Temporal server.
namespace temporal {
namespace {

constexpr WorkflowRef<std::string, std::string> kReport{"Report"};

class ScheduleOnServer : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (client != nullptr) schedules = std::make_unique<ScheduleClient>(*client);
    workflows.AddFunction(kReport, [](Context, std::string what) -> Task<std::string> { co_return what; });
  }
  void TearDown() override {
    if (schedules != nullptr) schedules->GetHandle(id).Delete().IgnoreError();
  }

  ScheduleWorkflowAction Action(const std::string& what = "all") {
    StartOptions options(id + "/report", queue);
    options.run_timeout = 10min;
    options.summary = "nightly";
    options.WithMemo("owner", *ToPayload(std::string("ops")));
    auto action = StartWorkflowAction(kReport, what, options);
    EXPECT_TRUE(action.ok()) << action.status();
    return *std::move(action);
  }
  static ScheduleSpec Yearly() {
    ScheduleSpec spec;
    spec.cron_expressions = {"0 3 1 1 *"};
    return spec;
  }
  ScheduleHandle Create(const Schedule& schedule, const CreateScheduleOptions& options = {}) {
    auto handle = schedules->Create(id, schedule, options);
    EXPECT_TRUE(handle.ok()) << handle.status();
    return *std::move(handle);
  }
  // Asks until `done` holds of the description, at most 20 s.
  static bool UntilSo(const ScheduleHandle& handle, const std::function<bool(const ScheduleDescription&)>& done) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      const auto description = handle.Describe();
      if (description.ok() && done(*description)) return true;
    }
    return false;
  }

  const std::string id = "test/" + NewUuid();
  std::unique_ptr<ScheduleClient> schedules;
};

TEST_F(ScheduleOnServer, TriggeredItStartsItsWorkflow) {
  const auto worker = StartWorker();
  const auto handle = Create(Schedule(Action(), Yearly()));
  ASSERT_TRUE(handle.Trigger().ok());
  ASSERT_TRUE(UntilSo(handle, [](const auto& d) { return d.info.recent_actions.size() == 1; }));
  const auto description = handle.Describe();
  EXPECT_EQ(description->info.num_actions, 1);
  const Execution first = description->info.recent_actions[0].execution;
  EXPECT_TRUE(first.workflow_id.starts_with(id + "/report")) << first.workflow_id;
  EXPECT_EQ(*client->GetResult(kReport, first, 20s), "all");
  const auto run = client->Describe(first);
  EXPECT_EQ(*FromPayload<std::string>(run->summary.memo.at("owner")), "ops");
  EXPECT_EQ(run->static_summary, "nightly");
}

TEST_F(ScheduleOnServer, WhatWasSetComesBack) {
  ScheduleSpec spec;
  ScheduleCalendarSpec weekdays;
  weekdays.hour = {{8, 18, 2}};
  weekdays.minute = {0, 30};
  weekdays.day_of_week = {{1, 5}};
  weekdays.comment = "office hours";
  ScheduleCalendarSpec christmas;
  christmas.hour = {{0, 23}};
  christmas.month = {12};
  christmas.day_of_month = {{24, 26}};
  spec.calendars = {weekdays};
  spec.intervals = {ScheduleIntervalSpec(90min, 5min)};
  spec.skip = {christmas};
  spec.jitter = 10s;
  spec.time_zone_name = "Europe/Berlin";
  spec.start_at = Time(std::chrono::sys_days(std::chrono::year(2030) / 1 / 1));
  spec.end_at = Time(std::chrono::sys_days(std::chrono::year(2031) / 1 / 1));
  Schedule schedule(Action("some"), spec);
  schedule.overlap = ScheduleOverlapPolicy::kBufferOne;
  schedule.catchup_window = 1h;
  schedule.pause_on_failure = true;
  schedule.note = "as agreed";
  schedule.paused = true;
  schedule.remaining_actions = 3;
  CreateScheduleOptions options;
  options.memo["team"] = *ToPayload(std::string("billing"));
  const auto described = Create(schedule, options).Describe();
  ASSERT_TRUE(described.ok()) << described.status();
  const Schedule& found = described->schedule;
  ASSERT_EQ(found.spec.calendars.size(), 1u);
  EXPECT_EQ(found.spec.calendars[0].hour, weekdays.hour);
  EXPECT_EQ(found.spec.calendars[0].minute, weekdays.minute);
  EXPECT_EQ(found.spec.calendars[0].day_of_week, weekdays.day_of_week);
  EXPECT_EQ(found.spec.calendars[0].comment, "office hours");
  ASSERT_EQ(found.spec.intervals.size(), 1u);
  EXPECT_EQ(found.spec.intervals[0].every, 90min);
  EXPECT_EQ(found.spec.intervals[0].offset, 5min);
  ASSERT_EQ(found.spec.skip.size(), 1u);
  EXPECT_EQ(found.spec.skip[0].day_of_month, christmas.day_of_month);
  EXPECT_EQ(found.spec.jitter, 10s);
  EXPECT_EQ(found.spec.time_zone_name, "Europe/Berlin");
  EXPECT_EQ(found.spec.start_at, spec.start_at);
  EXPECT_EQ(found.spec.end_at, spec.end_at);
  EXPECT_EQ(found.overlap, ScheduleOverlapPolicy::kBufferOne);
  EXPECT_EQ(found.catchup_window, 1h);
  EXPECT_TRUE(found.pause_on_failure);
  EXPECT_EQ(found.note, "as agreed");
  EXPECT_TRUE(found.paused);
  EXPECT_EQ(found.remaining_actions, 3);
  EXPECT_EQ(found.action.workflow_type, "Report");
  EXPECT_EQ(*FromPayloads<std::string>(found.action.input), "some");
  EXPECT_EQ(found.action.options.task_queue, queue);
  EXPECT_EQ(found.action.options.run_timeout, 10min);
  EXPECT_EQ(found.action.options.summary, "nightly");
  EXPECT_EQ(*FromPayload<std::string>(described->memo.at("team")), "billing");
  ASSERT_FALSE(described->info.next_action_times.empty());
  EXPECT_GE(described->info.next_action_times[0], *spec.start_at);
}

TEST_F(ScheduleOnServer, UpdatedByReadingAndWriting) {
  const auto handle = Create(Schedule(Action(), Yearly()));
  ASSERT_TRUE(handle
                  .Update([](ScheduleDescription& description) {
                    EXPECT_EQ(description.schedule.spec.calendars.size(), 1u)
                        << "what the server made of the cron string";
                    description.schedule.spec.intervals = {ScheduleIntervalSpec(1h)};
                    description.schedule.note = "hourly too";
                    return true;
                  })
                  .ok());
  ASSERT_TRUE(UntilSo(handle, [](const auto& d) { return d.schedule.note == "hourly too"; }));
  const auto description = handle.Describe();
  EXPECT_EQ(description->schedule.spec.calendars.size(), 1u);
  EXPECT_EQ(description->schedule.spec.intervals.size(), 1u);
  EXPECT_EQ(description->schedule.action.workflow_type, "Report");
  EXPECT_TRUE(handle.Update([](ScheduleDescription&) { return false; }).ok());
  EXPECT_EQ(handle.Update([](ScheduleDescription& d) { return d.schedule.action.options.id.clear(), true; }).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ScheduleOnServer, AnUpdateDoesNotUndoOneThatCameInBetween) {
  const auto handle = Create(Schedule(Action(), Yearly()));
  const auto set = [](std::string note) {
    return [note](ScheduleDescription& d) {
      d.schedule.note = note;
      return true;
    };
  };
  std::atomic<bool> first = true;
  ASSERT_TRUE(handle
                  .Update([&](ScheduleDescription& d) {
                    if (first.exchange(false)) {
                      EXPECT_TRUE(handle.Update(set("theirs")).ok());
                      EXPECT_TRUE(UntilSo(handle, [](const auto& now) { return now.schedule.note == "theirs"; }));
                    }
                    d.schedule.spec.jitter = 5s;
                    return true;
                  })
                  .ok());
  // Behind a later change, so that both updates have been looked at.
  ASSERT_TRUE(handle.Pause("later").ok());
  ASSERT_TRUE(UntilSo(handle, [](const auto& d) { return d.schedule.paused; }));
  ASSERT_TRUE(handle
                  .Update([](ScheduleDescription& d) {
                    EXPECT_EQ(d.schedule.note, "later");
                    return false;
                  })
                  .ok());
  EXPECT_FALSE(first);
}

TEST_F(ScheduleOnServer, PausedAndGoingOn) {
  const auto handle = Create(Schedule(Action(), Yearly()));
  ASSERT_TRUE(handle.Pause("too dear").ok());
  ASSERT_TRUE(UntilSo(handle, [](const auto& d) { return d.schedule.paused && d.schedule.note == "too dear"; }));
  ASSERT_TRUE(handle.Unpause().ok());
  ASSERT_TRUE(UntilSo(handle, [](const auto& d) { return !d.schedule.paused; }));
}

TEST_F(ScheduleOnServer, BackfillMakesUpForThePast) {
  const auto worker = StartWorker();
  ScheduleSpec hourly;
  hourly.intervals = {ScheduleIntervalSpec(1h)};
  Schedule schedule(Action(), hourly);
  schedule.paused = true;
  const auto handle = Create(schedule);
  const Time noon = Time(std::chrono::sys_days(std::chrono::year(2024) / 6 / 1)) + 12h;
  ASSERT_TRUE(
      handle.Backfill({ScheduleBackfill(noon - 1min, noon + 2h + 1min, ScheduleOverlapPolicy::kAllowAll)}).ok());
  ASSERT_TRUE(UntilSo(handle, [](const auto& d) { return d.info.num_actions == 3; }));
  const auto description = handle.Describe();
  EXPECT_EQ(description->info.recent_actions[0].scheduled_at, noon);
}

TEST_F(ScheduleOnServer, ListedUnderItsAttributesAndGoneWhenDeleted) {
  const auto handle = Create(Schedule(Action(), Yearly()));
  const auto listed = [&] {
    const auto page = schedules->List("", 1000);
    return page.ok() && std::ranges::any_of(page->schedules, [&](const auto& each) { return each.id == id; });
  };
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!listed() && std::chrono::steady_clock::now() < until) continue;
  EXPECT_TRUE(listed());
  ASSERT_TRUE(handle.Delete().ok());
  EXPECT_EQ(handle.Describe().status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ScheduleOnServer, WhatMeansNothingIsSaid) {
  ScheduleSpec bad;
  bad.cron_expressions = {"every other day"};
  EXPECT_EQ(schedules->Create(id, Schedule(Action(), bad)).status().code(), absl::StatusCode::kInvalidArgument);
  ScheduleWorkflowAction nameless = Action();
  nameless.options.id.clear();
  EXPECT_EQ(schedules->Create(id, Schedule(nameless, Yearly())).status().code(), absl::StatusCode::kInvalidArgument);
  Create(Schedule(Action(), Yearly()));
  EXPECT_EQ(schedules->Create(id, Schedule(Action(), Yearly())).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(schedules->GetHandle("no-such-schedule").Pause().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace temporal
