#pragma once

#include "temporal/activity/registry.h"
#include "temporal/workflow/context.h"
#include "temporal/workflow/registry.h"

namespace temporal {

inline constexpr ActivityRef<int, int> kDouble{"Double"};
inline constexpr WorkflowRef<int, int> kCounter{"Counter"};
inline constexpr UpdateRef<int, int> kAdd{"add"};
inline constexpr UpdateRef<int, int> kAddDouble{"add_double"};
inline constexpr UpdateRef<Nothing, Nothing> kFinish{"finish"};
inline constexpr UpdateRef<Nothing, int> kAgain{"again"};
inline constexpr SignalRef<int> kPlus{"plus"};
inline constexpr QueryRef<Nothing, int> kTotal{"total"};

// A total that updates and signals change, until it is told to finish or to continue as new.
struct Counter {
  explicit Counter(Context c) : context(c) {}
  Task<int> Run(int start) {
    total += start;
    co_await context.Until([this] { return (finished || again) && context.AllHandlersFinished(); });
    if (again) context.ContinueAsNew(total);
    co_return total;
  }
  int Add(int n) {
    if (n > 100) throw ApplicationFailure("too much", "RESOURCE_EXHAUSTED");
    return total += n;
  }
  void CheckAdd(int n) const {
    if (n < 0) throw ApplicationFailure("only upwards", "INVALID_ARGUMENT");
  }
  Task<int> AddDouble(int n) {
    total += co_await context.Execute(kDouble, n, ActivityOptions(std::chrono::seconds(10)));
    co_return total;
  }
  void Finish() { finished = true; }
  int Again() {
    again = true;
    return total;
  }
  void Plus(int n) { total += n; }
  int Total() const { return total; }

  Context context;
  int total = 0;
  bool finished = false;
  bool again = false;
};

inline void AddCounter(WorkflowRegistry& workflows, ActivityRegistry& activities) {
  workflows.Add<Counter>(kCounter)
      .Update(kAdd, &Counter::Add, &Counter::CheckAdd)
      .Update(kAddDouble, &Counter::AddDouble)
      .Update(kFinish, &Counter::Finish)
      .Update(kAgain, &Counter::Again)
      .Signal(kPlus, &Counter::Plus)
      .Query(kTotal, &Counter::Total);
  activities.Add(kDouble, [](ActivityContext&, int n) -> absl::StatusOr<int> { return 2 * n; });
}

}  // namespace temporal
