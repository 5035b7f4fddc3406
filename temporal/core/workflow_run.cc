#include "temporal/core/workflow_run.h"

#include <chrono>
#include <optional>
#include <utility>

#include "temporal/common/metrics.h"
#include "temporal/core/intercepted_instance.h"

namespace temporal::core {

WorkflowRun::WorkflowRun(const internal::WorkflowFactory& factory, WorkflowInfo info,
                         const WorkflowTaskHandlerOptions& options)
    : machines_(options.namespace_name, info.run_id, *options.observer,
                options.deployment.version.empty() ? WorkerDeploymentVersion({}, options.build_id)
                                                   : options.deployment.version),
      instance_(options.interceptors.empty()
                    ? std::make_unique<WorkflowInstance>(factory, info, *options.observer)
                    : std::make_unique<InterceptedInstance>(factory, info, *options.observer, options.interceptors)),
      workflow_type_(info.workflow_type),
      observer_(*options.observer),
      host_(options.local_activities) {}

Moment WorkflowRun::MomentNow(bool replaying) const {
  Moment moment;
  moment.now = machines_.now();
  moment.replaying = replaying;
  moment.history_length = machines_.history_length();
  moment.history_bytes = machines_.history_bytes();
  moment.continue_as_new_suggested = machines_.continue_as_new_suggested();
  moment.continue_as_new_reasons = machines_.continue_as_new_reasons();
  moment.deployment_version = machines_.deployment_version();
  moment.target_deployment_version_changed = machines_.target_deployment_version_changed();
  return moment;
}

absl::Status WorkflowRun::Progress(HistoryReader reader, int64_t previous_started_event_id,
                                   std::vector<UpdateRequest> updates) {
  heartbeat_ = false;
  std::optional<std::chrono::steady_clock::time_point> replay;
  if (machines_.next_event_id() == 1 && previous_started_event_id > 0) replay = std::chrono::steady_clock::now();
  machines_.NewTask(std::move(reader), previous_started_event_id, std::move(updates));
  while (true) {
    const auto applied = machines_.ApplyNextChunk();
    if (!applied.ok()) return applied.status();
    if (replay && !machines_.replaying()) {
      observer_.Latency(metrics::kWorkflowTaskReplayLatency, {{"workflow_type", workflow_type_}},
                        std::chrono::steady_clock::now() - *std::exchange(replay, std::nullopt));
    }
    if (!*applied) return absl::OkStatus();
    if (absl::Status status = DoJobs(); !status.ok()) return status;
  }
}

template <class Code>
auto WorkflowRun::Guarded(Code code) -> decltype(code()) {
  if (guard_ == nullptr) return code();
  guard_->Enter(instance_->place());
  auto result = code();
  given_up_ = !guard_->Leave();
  if (given_up_) return absl::AbortedError("the code was given up");
  return result;
}

absl::Status WorkflowRun::DoJobs() {
  // What the code asks for may give it something to do at once: a cancelled activity it does not wait for.
  while (machines_.has_jobs()) {
    auto requests = Guarded([&] {
      return instance_->Activate(MomentNow(machines_.replaying()), machines_.TakeJobs(), !machines_.partial());
    });
    if (!requests.ok()) return requests.status();
    if (absl::Status status = machines_.ApplyRequests(*std::move(requests)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status WorkflowRun::GiveOrders() {
  for (LocalActivityOrder& order : machines_.locals().TakeOrders()) {
    if (host_ == nullptr) return absl::UnimplementedError("this worker runs no local activities");
    if (locals_ == nullptr) locals_ = host_->Open(instance_->info());
    if (auto* start = std::get_if<StartLocalActivity>(&order)) {
      locals_->Start(std::move(start->call));
    } else {
      locals_->Cancel(std::get<CancelLocalActivity>(order).seq);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<WorkflowRun::Locals> WorkflowRun::RunLocals(LocalActivityHost::Instant until, bool wait) {
  while (true) {
    if (absl::Status status = GiveOrders(); !status.ok()) return status;
    if (!machines_.locals().any_running()) return Locals::kEnded;
    std::vector<LocalActivityResult> results;
    if (wait) results = locals_->Wait(until);
    if (results.empty()) {
      heartbeat_ = !host_->stopping();
      return heartbeat_ ? Locals::kRunning : Locals::kGivenUp;
    }
    for (LocalActivityResult& result : results) machines_.locals().Resolve(std::move(result));
    if (absl::Status status = DoJobs(); !status.ok()) return status;
  }
}

absl::StatusOr<Payload> WorkflowRun::Query(const api::query::v1::WorkflowQuery& query) {
  if (!instance_->initialized()) return absl::FailedPreconditionError("the history of the run does not begin");
  return Guarded([&] { return instance_->Query(MomentNow(/*replaying=*/true), query); });
}

}  // namespace temporal::core
