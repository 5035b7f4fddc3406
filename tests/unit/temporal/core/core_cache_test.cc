#include <thread>

#include "tests/unit/temporal/core/harness.h"

// What is kept between tasks, and what is dropped.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
const Step<Text, Text> kStep{"step", ActivityOptions(10s)};

// Counts the frames that live.
class Alive {
 public:
  Alive() { ++count; }
  Alive(const Alive&) = delete;
  ~Alive() { --count; }
  static inline std::atomic<int> count = 0;
};

Task<Text> Inner(Context ctx) {
  const Alive alive;
  co_return co_await ctx.Execute(kStep, "");
}

Task<Text> Outer(Context ctx, Nothing) {
  const Alive alive;
  const auto beside = ctx.Spawn(Inner(ctx));
  co_return co_await Inner(ctx) + co_await beside;
}

WorkflowRegistry Registry() {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, Outer);
  return registry;
}

PolledTask OfRun(PolledTask task, const std::string& run_id) {
  task.mutable_workflow_execution()->set_run_id(run_id);
  return task;
}

TEST(Cache, eviction_destroys_all_frames_and_emits_nothing) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  ASSERT_TRUE(handler.Handle(history.TaskAt()).ok());
  EXPECT_EQ(Alive::count, 3);
  handler.Evict(history.run_id());
  EXPECT_EQ(Alive::count, 0);
  EXPECT_EQ(handler.cached_runs(), 0u);
  handler.Evict("unknown");
}

TEST(Cache, a_size_of_zero_keeps_nothing) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(UncachedOptions(), registry, NoFetcher());
  const auto reply = std::get<Completed>(*handler.Handle(history.TaskAt()));
  EXPECT_EQ(Alive::count, 0);
  EXPECT_FALSE(reply.has_sticky_attributes());
  EXPECT_FALSE(reply.return_new_workflow_task());
}

TEST(Cache, drops_the_least_recently_used) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandlerOptions options = CachingOptions();
  options.max_cached_runs = 2;
  PagedHistory pages(history, 3);
  WorkflowTaskHandler handler(options, registry, pages);
  for (const char* run : {"a", "b", "c"}) ASSERT_TRUE(handler.Handle(OfRun(history.TaskAt(), run)).ok());
  EXPECT_EQ(handler.cached_runs(), 2u);
  EXPECT_EQ(Alive::count, 6);
  handler.EvictAll();
  EXPECT_EQ(Alive::count, 0);
}

TEST(Cache, a_sticky_task_that_does_not_continue_is_replayed_from_the_start) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.Task();
  const int64_t a = history.ActivityScheduled("1", "step");
  const int64_t b = history.ActivityScheduled("2", "step");
  history.ActivityDone(a, Encoded<Text>("a"));
  history.Task();
  history.ActivityDone(b, Encoded<Text>("b"));
  history.OpenTask();
  PagedHistory pages(history, history.last_id());
  WorkflowTaskHandler handler(CachingOptions(), registry, pages);
  ASSERT_TRUE(handler.Handle(history.TaskAt(3)).ok());
  // The task in between was done elsewhere.
  const int64_t previous = history.PreviousStarted(history.last_id());
  const auto reply = std::get<Completed>(*handler.Handle(history.TaskAt(0, previous + 1)));
  EXPECT_EQ(pages.fetches, 5);
  EXPECT_EQ(ResultText(reply), "ab");
}

TEST(Cache, evict_with_buffered_tasks_660) {
  // A second task for a run that is being worked on waits, and is answered although the run is evicted in between.
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        const auto reply = handler.Handle(history.TaskAt());
        if (reply.ok() && std::holds_alternative<Completed>(*reply)) ++answered;
        handler.Evict(history.run_id());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 200);
  handler.EvictAll();
  EXPECT_EQ(Alive::count, 0);
}

TEST(Cache, different_runs_proceed_in_parallel) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandlerOptions options = CachingOptions();
  options.max_cached_runs = 3;
  WorkflowTaskHandler handler(options, registry, NoFetcher());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 50; ++k) {
        const auto reply = handler.Handle(OfRun(history.TaskAt(), std::to_string(i * 100 + k)));
        EXPECT_TRUE(reply.ok() && std::holds_alternative<Completed>(*reply));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(handler.cached_runs(), 4u);
  handler.EvictAll();
  EXPECT_EQ(Alive::count, 0);
}

class Watch : public ActivationGuard {
 public:
  void Enter(const internal::Place& place) override { seen += "<" + place.ToString(); }
  bool Leave() override {
    seen += ">";
    return --allowed >= 0;
  }
  std::string seen;
  int allowed = 1000;  // how often the code may come back in time
};

TEST(Guard, is_told_when_user_code_runs) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  Watch watch;
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  ASSERT_TRUE(handler.Handle(history.TaskAt(), &watch).ok());
  EXPECT_EQ(watch.seen, "<in the workflow's constructor, before its first co_await>");
}

TEST(Guard, what_code_did_that_was_given_up_does_not_count) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  Watch watch;
  watch.allowed = 0;
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*handler.Handle(history.TaskAt(), &watch)));
  EXPECT_EQ(handler.cached_runs(), 0u);
  EXPECT_FALSE(Types(std::get<Completed>(*handler.Handle(history.TaskAt()))).empty());
}

TEST(Guard, a_run_that_was_given_up_at_a_query_is_gone) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  PolledTask task = history.TaskAt();
  (*task.mutable_queries())["q"].set_query_type("__stack_trace");
  Watch watch;
  watch.allowed = 1;  // the activation, not the query after it
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*handler.Handle(task, &watch)));
  EXPECT_THAT(watch.seen, HasSubstr("><"));
  EXPECT_EQ(handler.cached_runs(), 0u);
  EXPECT_EQ(Alive::count, 0);
}

TEST(Tasks, a_task_without_history_is_refused) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  PolledTask task = history.TaskAt();
  task.clear_history();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_TRUE(std::holds_alternative<Failed>(*handler.Handle(task)));
}

TEST(Tasks, empty_tasks_833_910_961) {
  // A task that brings nothing is completed without commands, and the next one goes on from there.
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.Task();
  const int64_t a = history.ActivityScheduled("1", "step");
  history.ActivityScheduled("2", "step");
  const int64_t empty = history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  ASSERT_TRUE(handler.Handle(history.TaskAt(3)).ok());
  EXPECT_THAT(Types(std::get<Completed>(*handler.Handle(history.TaskAt(empty, 4)))), IsEmpty());
  history.TaskCompleted();
  history.ActivityDone(a, Encoded<Text>("a"));
  history.OpenTask();
  EXPECT_THAT(Types(std::get<Completed>(*handler.Handle(history.TaskAt(0, empty + 1)))), IsEmpty());
}

}  // namespace
}  // namespace temporal::core
