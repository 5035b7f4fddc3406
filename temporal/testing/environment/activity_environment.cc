#include "temporal/testing/environment/activity_environment.h"

#include <string>

#include "temporal/worker/attempt.h"

namespace temporal::testing {

ActivityInfo ActivityEnvironment::DefaultInfo() {
  ActivityInfo info;
  info.activity_id = "1";
  info.task_queue = "test";
  info.workflow_namespace = "default";
  info.workflow_id = "test-workflow";
  info.workflow_run_id = "test-run";
  info.workflow_type = "test";
  info.task_token = "test-token";
  return info;
}

size_t ActivityEnvironment::heartbeat_count() const {
  std::lock_guard lock(mutex_);
  return heartbeats_.size();
}

void ActivityEnvironment::Record(Payloads details) {
  {
    std::lock_guard lock(mutex_);
    heartbeats_.push_back(std::move(details));
  }
  if (on_heartbeat_) on_heartbeat_();
}

absl::StatusOr<Payload> ActivityEnvironment::ExecuteUntyped(const ActivityRegistry& activities, std::string_view type,
                                                            const Payloads& input) {
  info.activity_type = std::string(type);
  ActivityContext context(info, last_details_, stop_.get_token(), *this);
  return worker::RunAttempt(worker::Shared(), activities, context, input);
}

}  // namespace temporal::testing
