#include "temporal/core/history/chunks.h"
#include "temporal/core/history/reader.h"
#include "tests/unit/temporal/core/harness.h"

// How a history is cut into workflow tasks, and fetched page by page.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Last event id of each chunk of the whole history.
std::vector<int64_t> Cuts(const HistoryBuilder& builder) {
  PolledTask task = builder.TaskAt();
  *task.mutable_history() = builder.history();
  HistoryReader reader(NoFetcher(), "default", task, false);
  std::vector<int64_t> cuts;
  int64_t after = 0;
  while (true) {
    const auto chunk = reader.Take(after);
    EXPECT_TRUE(chunk.ok()) << chunk.status();
    if (!chunk.ok() || chunk->events.empty()) return cuts;
    after = chunk->events.back()->event_id();
    cuts.push_back(after);
  }
}

TEST(HistoryChunks, each_task_is_a_chunk) {
  HistoryBuilder history("w");
  history.Task();                                 // 2 3 4
  history.TimerFired(history.TimerStarted("1"));  // 5 6
  history.Task();                                 // 7 8 9
  history.Completed();                            // 10
  EXPECT_THAT(Cuts(history), ElementsAre(3, 8, 10));
}

TEST(HistoryChunks, failed_and_timed_out_tasks_do_not_end_one) {
  HistoryBuilder history("w");
  history.OpenTask();  // 3
  history.TaskFailed(enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  history.OpenTask();  // 6
  history.TaskTimedOut();
  history.OpenTask();  // 9
  EXPECT_THAT(Cuts(history), ElementsAre(9));
}

TEST(HistoryChunks, heartbeats_are_merged) {
  HistoryBuilder history("w");
  history.Task();      // 2 3 4, no command
  history.Task();      // 5 6 7, no command
  history.OpenTask();  // 8 9
  EXPECT_THAT(Cuts(history), ElementsAre(9));
}

TEST(HistoryChunks, an_attempt_that_failed_between_heartbeats_is_merged_too) {
  HistoryBuilder history("w");
  history.Task();      // 2 3 4, no command
  history.OpenTask();  // 5 6
  history.TaskTimedOut();
  history.OpenTask();  // 8 9
  history.TaskFailed(enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  history.Task();      // 11 12 13
  history.OpenTask();  // 14 15
  EXPECT_THAT(Cuts(history), ElementsAre(15));
}

TEST(HistoryChunks, what_happens_behind_an_attempt_that_failed_ends_a_heartbeat) {
  using Happens = void (*)(HistoryBuilder&);
  for (const Happens happens : {Happens([](HistoryBuilder& history) { history.Signaled("s"); }),
                                Happens([](HistoryBuilder& history) { history.CancelRequested(); }),
                                Happens([](HistoryBuilder& history) { history.UpdateAdmitted("u", "update"); })}) {
    for (const bool timed_out : {false, true}) {
      HistoryBuilder history("w");
      history.Task();      // 2 3 4, no command
      history.OpenTask();  // 5 6
      if (timed_out) {
        history.TaskTimedOut();
      } else {
        history.TaskFailed(enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
      }
      HistoryBuilder late = history;
      happens(history);    // 8
      history.OpenTask();  // 9 10
      EXPECT_THAT(Cuts(history), ElementsAre(3, 10));
      late.TaskScheduled();  // 8
      happens(late);         // 9
      late.TaskStarted();    // 10
      EXPECT_THAT(Cuts(late), ElementsAre(3, 10));
    }
  }
}

TEST(HistoryChunks, a_reset_ends_a_heartbeat) {
  HistoryBuilder history("w");
  history.Task();      // 2 3 4, no command
  history.OpenTask();  // 5 6
  history.TaskFailed(enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, "new-run");
  history.OpenTask();  // 8 9
  EXPECT_THAT(Cuts(history), ElementsAre(3, 9));
}

TEST(HistoryChunks, a_completed_task_followed_by_a_signal_is_no_heartbeat) {
  HistoryBuilder history("w");
  history.Task();  // 2 3 4
  history.Signaled("s");
  history.OpenTask();  // 6 7
  EXPECT_THAT(Cuts(history), ElementsAre(3, 7));
}

// sdk-go 670.
TEST(HistoryChunks, what_comes_between_a_task_and_its_start_is_in_its_chunk) {
  HistoryBuilder history("w");
  history.Task();                                                // 2 3 4
  const int64_t activity = history.ActivityScheduled("1", "a");  // 5
  history.Signaled("s");                                         // 6
  history.TaskScheduled();                                       // 7
  history.ActivityStarted(activity);                             // 8
  history.ActivityCompleted(activity);                           // 9
  history.TaskStarted();                                         // 10
  EXPECT_THAT(Cuts(history), ElementsAre(3, 10));
}

TEST(HistoryChunks, what_comes_after_a_task_was_scheduled_ends_a_heartbeat) {
  HistoryBuilder history("w");
  history.Task();  // 2 3 4, no command
  history.TaskScheduled();
  history.Signaled("s");  // 6
  history.TaskStarted();
  EXPECT_THAT(Cuts(history), ElementsAre(3, 7));
}

TEST(HistoryChunks, an_empty_task_before_one_with_an_update_is_no_heartbeat) {
  for (const bool first : {true, false}) {
    HistoryBuilder history("w");
    history.Task();  // 2 3 4, no command
    history.UpdateRequested("u", "update");
    history.Task();  // 5 6 7
    if (!first) history.TimerStarted("1");
    history.UpdateAccepted("u");
    const int64_t last = history.OpenTask();
    EXPECT_THAT(Cuts(history), ElementsAre(3, 6, last)) << "accepted by the first command: " << first;
  }
}

TEST(HistoryChunks, so_with_an_update_that_came_as_a_message) {
  HistoryBuilder history("w");
  history.Task();  // 2 3 4, no command
  history.Task();  // 5 6 7, no command
  history.UpdateRequested("u", "update");
  history.OpenTask();  // 8 9
  EXPECT_THAT(Cuts(history), ElementsAre(6, 9));
}

TEST(HistoryChunks, a_failed_task_that_got_an_update_is_skipped) {
  HistoryBuilder history("w");
  history.UpdateRequested("u", "update");
  history.OpenTask();  // 2 3
  history.TaskFailed(enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  history.Task();  // 5 6 7
  history.UpdateAccepted("u");
  const int64_t last = history.OpenTask();
  EXPECT_THAT(Cuts(history), ElementsAre(6, last));
}

TEST(HistoryChunks, termination_ends_one) {
  HistoryBuilder history("w");
  history.Task();
  history.TimerStarted("1");
  history.OpenTask();
  history.Terminated();
  EXPECT_THAT(Cuts(history), ElementsAre(3, 8));
}

TEST(HistoryChunks, what_follows_the_last_completed_task_is_left_for_the_next) {
  HistoryBuilder history("w");
  history.Task();                                   // 2 3 4
  const int64_t timer = history.TimerStarted("1");  // 5
  history.TimerFired(timer);                        // 6: not yet in a task
  history.TaskScheduled();                          // 7
  EXPECT_THAT(Cuts(history), ElementsAre(3, 5));
}

TEST(HistoryReader, fetches_only_what_is_needed_to_see_two_tasks_ahead) {
  HistoryBuilder history("w");
  for (int i = 0; i < 20; ++i) {
    history.Task();
    history.TimerFired(history.TimerStarted(std::to_string(i + 1)));
  }
  history.OpenTask();
  PagedHistory pages(history, history.last_id(), 10);
  PolledTask task = history.TaskAt();
  HistoryReader reader(pages, "default", task, /*from_start=*/true);
  ASSERT_TRUE(reader.Take(0).ok());
  EXPECT_LE(pages.fetches, 2);
}

TEST(HistoryReader, empty_pages_may_carry_tokens) {
  HistoryBuilder history("w");
  history.OpenTask();
  PagedHistory pages(history, history.last_id(), 1, /*empty_pages=*/true);
  PolledTask task = history.TaskAt();
  HistoryReader reader(pages, "default", task, /*from_start=*/true);
  const auto chunk = reader.Take(0);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(chunk->events.size(), 3u);
  EXPECT_TRUE(chunk->last);
  EXPECT_EQ(pages.fetches, 7);  // the last page is an empty one, behind a token
}

TEST(HistoryReader, a_history_that_ends_before_its_task_is_an_error) {
  HistoryBuilder history("w");
  history.OpenTask();
  PagedHistory pages(history, 2);
  PolledTask task = history.TaskAt();
  task.clear_history();
  HistoryReader reader(pages, "default", task, /*from_start=*/true);
  const auto chunk = reader.Take(0);
  EXPECT_EQ(chunk.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(chunk.status().message()), HasSubstr("ends with event 2"));
}

TEST(HistoryReader, events_of_a_speculative_task_come_only_with_it) {
  HistoryBuilder history("w");
  history.Task();
  history.TimerStarted("1");
  history.OpenTask();
  PagedHistory pages(history, 5);  // the server has not stored the open task
  PolledTask task = history.TaskAt(0, 6);
  HistoryReader reader(pages, "default", task, /*from_start=*/true);
  ASSERT_EQ(reader.Take(0)->events.back()->event_id(), 3);
  const auto second = reader.Take(3);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->events.back()->event_id(), 7);
}

// A worker that is slow to fetch the history of a task that was given up meanwhile.
TEST(HistoryReader, events_after_the_task_at_hand_are_left_out) {
  HistoryBuilder history("w");
  history.OpenTask();
  PolledTask task = history.TaskAt(0, 3);
  history.TaskTimedOut();
  history.Task();
  history.TimerStarted("1");
  PagedHistory pages(history, history.last_id(), 2);
  HistoryReader reader(pages, "default", task, /*from_start=*/true);
  const auto chunk = reader.Take(0);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(chunk->events.back()->event_id(), 3);
  EXPECT_TRUE(chunk->last);
  EXPECT_TRUE(reader.Take(3)->events.empty());
}

constexpr WorkflowRef<Nothing, Nothing> kMain{"main"};

Task<Nothing> Sleeper(Context ctx, Nothing) {
  co_await ctx.Sleep(1s);
  co_return Nothing{};
}

WorkflowTaskReply Handle(WorkflowTaskHandler& handler, PolledTask task) {
  return handler.Handle(std::move(task)).value();
}

TEST(HistoryFaults, out_of_order_history_858) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, Sleeper);
  HistoryBuilder history("main");
  history.OpenTask();
  PolledTask task = history.TaskAt();
  task.mutable_history()->mutable_events(1)->set_event_id(7);
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const WorkflowTaskReply reply = Handle(handler, task);
  ASSERT_TRUE(std::holds_alternative<Failed>(reply));
  EXPECT_THAT(std::get<Failed>(reply).failure().message(), HasSubstr("event 7 follows event 1"));
  EXPECT_EQ(handler.cached_runs(), 0u);
}

TEST(HistoryFaults, unknown_events_fail_unless_they_may_be_ignored) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, Sleeper);
  HistoryBuilder history("main");
  history.Add(static_cast<enums::EventType>(999));
  history.OpenTask();
  PolledTask strict = history.TaskAt();
  PolledTask lenient = strict;
  lenient.mutable_history()->mutable_events(1)->set_worker_may_ignore(true);
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_TRUE(std::holds_alternative<Failed>(Handle(handler, strict)));
  EXPECT_TRUE(std::holds_alternative<Completed>(Handle(handler, lenient)));
}

TEST(HistoryFaults, errors_of_the_fetcher_are_passed_on_and_the_run_dropped) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, Sleeper);
  HistoryBuilder history("main");
  history.Task();
  history.TimerStarted("1");
  history.OpenTask();
  PagedHistory pages(history, history.last_id());
  pages.fails = absl::UnknownError("gone");
  WorkflowTaskHandler handler(CachingOptions(), registry, pages);
  EXPECT_EQ(handler.Handle(history.TaskAt(0, 4)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(handler.cached_runs(), 0u);
}

}  // namespace
}  // namespace temporal::core
