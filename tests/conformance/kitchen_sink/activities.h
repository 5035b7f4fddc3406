#pragma once

#include <memory>

#include "temporal/activity/registry.h"
#include "temporal/client/client.h"

namespace temporal::kitchen_sink {

// noop, delay, resources, payload, client, retryable_error, timeout, heartbeat. `client` is what the activity of that
// name uses.
void AddActivities(ActivityRegistry& registry, std::shared_ptr<Client> client);

}  // namespace temporal::kitchen_sink
