#pragma once

#include <memory>
#include <string>

#include "temporal/common/versioning_proto.h"
#include "temporal/transport/transport.h"
#include "temporal/worker/worker.h"

namespace temporal::worker {

// What both halves of a worker need; fixed before polling starts.
struct Shared {
  WorkerOptions options;
  std::shared_ptr<Transport> transport;
  std::shared_ptr<Timers> timers;
  std::string name_space;
  std::string identity;
  std::string instance_key;       // a UUID, names this worker to the server
  std::string sticky_task_queue;  // empty: no cache
  Duration poll_timeout{0};
  bool eager_workflow_start = false;  // the server can

  Observer& observer() const { return options.observer ? *options.observer : SilentObserver(); }

  void Count(const char* metric, std::string_view kind, std::string_view value) const {
    observer().Count(metric, {{"namespace", name_space}, {"task_queue", options.task_queue}, {kind, value}}, 1);
  }
  void Latency(const char* metric, std::string_view kind, std::string_view value, Duration latency) const {
    observer().Latency(metric, {{"namespace", name_space}, {"task_queue", options.task_queue}, {kind, value}}, latency);
  }

  // Puts in who asks or answers. Not all requests have a place for the version.
  template <class Request>
  void Sign(Request& request) const {
    request.set_namespace_(name_space);
    request.set_identity(identity);
    if constexpr (requires { request.mutable_deployment_options(); }) {
      FillVersion(options.build_id, options.deployment, request);
    }
  }

  CallOptions PollOptions() const {
    CallOptions call(poll_timeout);
    call.long_poll = true;
    call.retry_for = Duration(0);
    return call;
  }
};

}  // namespace temporal::worker
