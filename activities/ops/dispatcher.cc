#include "activities/ops/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/postgres/database.h"
#include "stores/ops/outbox.h"
#include "temporal/client/client.h"

namespace gpuaas::activities {
namespace {

using stores::OutboxRow;

// As the converter writes a message: json/protobuf.
temporal::Payloads PayloadsOf(const OutboxRow& row) {
  temporal::Payloads payloads;
  temporal::Payload& payload = *payloads.add_payloads();
  (*payload.mutable_metadata())["encoding"] = "json/protobuf";
  payload.set_data(row.payload_json);
  return payloads;
}

std::chrono::seconds BackOff(int failed_attempts) {
  return std::chrono::seconds(std::min(60, 1 << std::min(failed_attempts, 6)));
}

class OutboxDispatcher final : public Dispatcher {
 public:
  OutboxDispatcher(platform::Database& database, std::shared_ptr<temporal::Client> client, const platform::Clock& clock,
                   std::string task_queue)
      : database_(database), client_(std::move(client)), clock_(clock), task_queue_(std::move(task_queue)) {}

  absl::Status Dispatch(std::string_view workflow_id) override {
    for (;;) {
      GPUAAS_ASSIGN_OR_RETURN(const int sent, SendBatch(1, std::string(workflow_id)));
      if (sent == 0) return absl::OkStatus();
    }
  }

  absl::StatusOr<int> DispatchPending(int limit) override { return SendBatch(limit, {}); }

 private:
  // Sends the oldest pending row of each of up to `limit` workflows.
  absl::StatusOr<int> SendBatch(int limit, const std::string& workflow_id) {
    int sent = 0;
    absl::Status failure;
    const absl::Status committed = database_.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
      sent = 0;
      failure = absl::OkStatus();
      GPUAAS_ASSIGN_OR_RETURN(const auto rows, stores::ClaimOutbox(tx, clock_.Now(), limit, workflow_id));
      for (const OutboxRow& row : rows) {
        const absl::Status outcome = Send(row);
        if (outcome.ok()) {
          ++sent;
          GPUAAS_RETURN_IF_ERROR(stores::MarkSent(tx, row.id, clock_.Now()));
          continue;
        }
        GPUAAS_RETURN_IF_ERROR(
            stores::MarkFailed(tx, row.id, std::string(outcome.message()), clock_.Now() + BackOff(row.attempts)));
        failure = outcome;
        if (outcome.code() == absl::StatusCode::kUnavailable) break;  // no use to try the others now
      }
      return absl::OkStatus();
    });
    GPUAAS_RETURN_IF_ERROR(committed);
    if (!failure.ok()) return MakeError(ErrorCode::kTemporalUnavailable, "The workflow service does not answer.");
    return sent;
  }

  absl::Status Send(const OutboxRow& row) {
    const std::string request_id = "outbox-" + std::to_string(row.id);
    if (row.kind == stores::kOutboxStartWorkflow) {
      temporal::StartOptions options(row.workflow_id, task_queue_);
      options.WithReuse(temporal::IdReusePolicy::kAllowDuplicate)
          .WithConflict(temporal::IdConflictPolicy::kUseExisting)
          .WithRequestId(request_id);
      GPUAAS_ASSIGN_OR_RETURN(auto correlation, temporal::ToPayload(row.correlation_id));
      options.WithMemo("correlation_id", std::move(correlation));
      return client_->StartUntyped(row.name, PayloadsOf(row), options).status();
    }
    if (row.kind == stores::kOutboxSignalWorkflow) {
      const absl::Status status = client_->SignalUntyped(row.workflow_id, row.name, PayloadsOf(row), request_id);
      return status.code() == absl::StatusCode::kNotFound ? absl::OkStatus() : status;
    }
    return MakeError(ErrorCode::kInternal, "Unknown kind of outbox row: " + row.kind);
  }

  platform::Database& database_;
  const std::shared_ptr<temporal::Client> client_;
  const platform::Clock& clock_;
  const std::string task_queue_;
};

}  // namespace

std::unique_ptr<Dispatcher> NewDispatcher(platform::Database& database, std::shared_ptr<temporal::Client> client,
                                          const platform::Clock& clock, std::string task_queue) {
  return std::make_unique<OutboxDispatcher>(database, std::move(client), clock, std::move(task_queue));
}

}  // namespace gpuaas::activities
