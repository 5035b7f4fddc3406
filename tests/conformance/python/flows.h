#pragma once

#include <string>

#include "nlohmann/json.hpp"
#include "temporal/activity/registry.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/workflow/registry.h"

// The C++ half of the interop tests: the same workflows and activities as flows.py, in the same order of steps.
namespace temporal::interop {

using Json = nlohmann::json;

// Everything that leaves events: {"name", "activities": task queue} -> {"told", "total", "end"}.
inline constexpr WorkflowRef<Json, Json> kStory{"interop.story"};
inline constexpr SignalRef<std::string> kEnd{"interop.end"};
inline constexpr QueryRef<Nothing, int> kTold{"interop.told"};
inline constexpr QueryRef<std::string, std::string> kAngry{"interop.angry"};
inline constexpr UpdateRef<int, int> kAdd{"interop.add"};
// Tells what it was started with.
inline constexpr WorkflowRef<std::string, Json> kEcho{"interop.echo"};
inline constexpr WorkflowRef<std::string, std::string> kFail{"interop.fail"};
// Waits to be cancelled.
inline constexpr WorkflowRef<std::string, std::string> kWait{"interop.wait"};
// Runs one activity or child on another task queue, {"kind", "type", "argument", "queue"}, and tells how it ended.
inline constexpr WorkflowRef<Json, Json> kCall{"interop.call"};

inline constexpr ActivityRef<std::string, std::string> kGreet{"interop.greet"};
inline constexpr ActivityRef<std::string, std::string> kFailActivity{"interop.fail"};
inline constexpr ActivityRef<std::string, int> kThird{"interop.third"};
inline constexpr ActivityRef<std::string, std::string> kHeader{"interop.header"};
inline constexpr ActivityRef<std::string, std::string> kBeat{"interop.beat"};

inline constexpr std::string_view kKeyword = "InteropKeyword";

void AddFlows(WorkflowRegistry& registry);
void AddActivities(ActivityRegistry& registry);

// An application failure with details and a cause, which is how both sides fail in these tests.
Failure NestedFailure();
// A failure and its causes as JSON; describe in flows.py gives the same.
Json DescribeFailure(const Failure& failure);

}  // namespace temporal::interop
