#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "temporal/workflow/future.h"
#include "temporal/workflow/internal/spawn.h"
#include "temporal/workflow/select.h"
#include "temporal/workflow/task.h"

// Tasks, futures and the scheduler that runs them, without an engine.
namespace temporal {
namespace {

using internal::FutureState;
using internal::Scheduler;
using ::testing::ElementsAre;
using Text = std::string;

template <class T>
std::shared_ptr<FutureState<T>> Pending(Scheduler& scheduler) {
  return std::make_shared<FutureState<T>>(scheduler);
}

Task<int> Deep(int depth) {
  if (depth == 0) co_return 0;
  co_return co_await Deep(depth - 1) + 1;
}

TEST(Task, starts_when_awaited_and_needs_no_stack_for_deep_chains) {
  Scheduler scheduler;
  const Future<int> result = internal::Spawn(scheduler, Deep(100'000), "test");
  EXPECT_FALSE(result.ready());
  scheduler.Drain();
  ASSERT_TRUE(result.ready());
  EXPECT_EQ(*result.state()->peek(), 100'000);
}

Task<int> Fails() {
  throw std::runtime_error("no");
  co_return 1;
}

Task<Text> Catches() {
  try {
    co_await Fails();
  } catch (const std::runtime_error& e) {
    co_return e.what();
  }
  co_return "";
}

TEST(Task, passes_exceptions_to_whoever_awaits) {
  Scheduler scheduler;
  const Future<Text> result = internal::Spawn(scheduler, Catches(), "test");
  scheduler.Drain();
  EXPECT_EQ(*result.state()->peek(), "no");
}

TEST(Task, that_is_never_awaited_never_runs) {
  const Task<int> task = Fails();
  (void)task;
}

Task<void> Append(Future<int> future, std::vector<int>* to) { to->push_back(co_await future); }

TEST(Future, wakes_waiters_in_the_order_in_which_they_came) {
  Scheduler scheduler;
  const auto state = Pending<int>(scheduler);
  std::vector<int> seen;
  std::vector<int> other;
  (void)internal::Spawn(scheduler, Append(Future<int>(state), &seen), "test");
  (void)internal::Spawn(scheduler, Append(Future<int>(state), &other), "test");
  (void)internal::Spawn(scheduler, Append(Future<int>(state), &seen), "test");
  scheduler.Drain();
  EXPECT_TRUE(seen.empty());
  state->Resolve(5);
  scheduler.Drain();
  EXPECT_THAT(seen, ElementsAre(5, 5));
  EXPECT_THAT(other, ElementsAre(5));
}

TEST(Future, settles_once) {
  Scheduler scheduler;
  const auto state = Pending<int>(scheduler);
  state->Resolve(1);
  state->Resolve(2);
  state->Fail(std::make_exception_ptr(1));
  EXPECT_EQ(*state->peek(), 1);
  EXPECT_FALSE(state->failed());
}

TEST(AnyOf, gives_the_first_to_settle_and_ignores_the_rest) {
  Scheduler scheduler;
  const auto number = Pending<int>(scheduler);
  const auto text = Pending<Text>(scheduler);
  const auto any = AnyOf(Future<int>(number), Future<Text>(text));
  text->Resolve("t");
  number->Resolve(1);
  ASSERT_TRUE(any.ready());
  EXPECT_EQ(any.state()->peek()->index(), 1u);
  EXPECT_EQ(std::get<1>(*any.state()->peek()), "t");
}

TEST(AnyOf, prefers_the_first_argument_among_those_ready) {
  Scheduler scheduler;
  const auto a = Pending<int>(scheduler);
  const auto b = Pending<int>(scheduler);
  b->Resolve(2);
  a->Resolve(1);
  const auto any = AnyOf(Future<int>(a), Future<int>(b));
  EXPECT_EQ(any.state()->peek()->index(), 0u);
}

TEST(AnyOf, of_a_vector_gives_the_index) {
  Scheduler scheduler;
  std::vector<Future<int>> futures;
  std::vector<std::shared_ptr<FutureState<int>>> states;
  for (int i = 0; i < 3; ++i) {
    states.push_back(Pending<int>(scheduler));
    futures.emplace_back(states.back());
  }
  const Future<size_t> any = AnyOf(futures);
  states[2]->Fail(std::make_exception_ptr(7));
  ASSERT_TRUE(any.ready());
  EXPECT_EQ(*any.state()->peek(), 2u);
}

TEST(AllOf, waits_for_all_then_fails_with_the_first_failure_in_order) {
  Scheduler scheduler;
  const auto a = Pending<int>(scheduler);
  const auto b = Pending<int>(scheduler);
  const auto c = Pending<int>(scheduler);
  const auto all = AllOf(Future<int>(a), Future<int>(b), Future<int>(c));
  c->Fail(std::make_exception_ptr(Text("c")));
  b->Fail(std::make_exception_ptr(Text("b")));
  EXPECT_FALSE(all.ready());
  a->Resolve(1);
  ASSERT_TRUE(all.failed());
  try {
    std::rethrow_exception(all.state()->error());
  } catch (const Text& which) {
    EXPECT_EQ(which, "b");
  }
}

TEST(AllOf, gives_all_values) {
  Scheduler scheduler;
  const auto a = Pending<int>(scheduler);
  const auto b = Pending<int>(scheduler);
  const auto all = AllOf(std::vector{Future<int>(a), Future<int>(b)});
  b->Resolve(2);
  a->Resolve(1);
  EXPECT_THAT(*all.state()->peek(), ElementsAre(1, 2));
}

TEST(AllOf, of_nothing_is_ready_at_once) { EXPECT_TRUE(AllOf(std::vector<Future<int>>{}).ready()); }

struct Counted {
  explicit Counted(int* alive) : alive(alive) { ++*alive; }
  Counted(const Counted&) = delete;
  ~Counted() { --*alive; }
  int* alive;
};

Task<int> Holds(Future<int> future, int* alive) {
  const Counted counted(alive);
  co_return co_await future;
}
Task<int> HoldsDeep(Future<int> future, int* alive) {
  const Counted counted(alive);
  co_return co_await Holds(future, alive);
}

TEST(Scheduler, closing_destroys_all_frames_the_nested_ones_too) {
  int alive = 0;
  {
    Scheduler scheduler;
    const auto state = Pending<int>(scheduler);
    for (int i = 0; i < 3; ++i) (void)internal::Spawn(scheduler, HoldsDeep(Future<int>(state), &alive), "test");
    scheduler.Drain();
    EXPECT_EQ(alive, 6);
    scheduler.Close();
    EXPECT_EQ(alive, 0);
    state->Resolve(1);  // wakes nobody
    scheduler.Drain();
  }
}

TEST(Scheduler, refuses_work_while_frozen) {
  Scheduler scheduler;
  scheduler.set_frozen(true);
  EXPECT_THROW((void)internal::Spawn(scheduler, Deep(1), "test"), std::logic_error);
  scheduler.set_frozen(false);
}

}  // namespace
}  // namespace temporal
