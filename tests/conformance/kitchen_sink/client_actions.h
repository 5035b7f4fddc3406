#pragma once

#include "kitchen_sink.pb.h"
#include "temporal/activity/activity_context.h"
#include "temporal/client/client.h"

namespace temporal::kitchen_sink {

// What a client does to the workflow that runs the activity, one set after the other. kUnimplemented: waiting for the
// end of the run, which waits for the activity.
absl::Status RunClientActions(Client& client, ActivityContext& context,
                              const omes::kitchen_sink::ClientSequence& sequence);

}  // namespace temporal::kitchen_sink
