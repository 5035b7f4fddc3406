#pragma once

#include "kitchen_sink.pb.h"
#include "temporal/workflow/context.h"
#include "tests/conformance/kitchen_sink/raw.h"

// The protocol's descriptions of steps as what the SDK takes.
namespace temporal::kitchen_sink {

namespace proto = omes::kitchen_sink;

// An activity by name, with its arguments.
struct ActivityCall {
  std::string type;
  Raw arguments;
};

// ApplicationFailure "unsupported" if the action names none that this worker knows.
ActivityCall CallOf(const proto::ExecuteActivityAction& action);
// ApplicationFailure "unsupported" for priorities and fairness, which the SDK does not have.
ActivityOptions RemoteOptions(const proto::ExecuteActivityAction& action);
LocalActivityOptions LocalOptions(const proto::ExecuteActivityAction& action);
ChildOptions OptionsOf(const proto::ExecuteChildWorkflowAction& action);
ContinueAsNewOptions OptionsOf(const proto::ContinueAsNewAction& action);

template <class Map>
PayloadMap ToPayloadMap(const Map& map) {
  return PayloadMap(map.begin(), map.end());
}

}  // namespace temporal::kitchen_sink
