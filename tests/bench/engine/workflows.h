#pragma once

#include <string>
#include <tuple>

#include "temporal/activity/registry.h"
#include "temporal/workflow/registry.h"

// What all workers of the bench run, each in its language.
namespace temporal::bench {

// Timers one after the other, activities in batches, signals.
using Shape = std::tuple<int, int, int, int>;  // timers, activities, activities at a time, signals

inline constexpr ActivityRef<std::string, std::string> kGreet{"BenchGreet"};
inline constexpr WorkflowRef<std::string, std::string> kGreeting{"BenchGreeting"};  // one activity
inline constexpr WorkflowRef<std::string, std::string> kIdle{"BenchIdle"};          // waits for a signal
inline constexpr WorkflowRef<Shape, std::string> kReplayed{"BenchReplayed"};
inline constexpr SignalRef<std::string> kWake{"wake"};

WorkflowRegistry Workflows();
ActivityRegistry Activities();

}  // namespace temporal::bench
