#include "activities/ops/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/postgres/database.h"
#include "stores/ops/items.h"
#include "stores/ops/operations.h"
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

bool IsNoAnswer(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded;
}

std::chrono::seconds BackOff(int failed_attempts) {
  return std::chrono::seconds(std::min(60, 1 << std::min(failed_attempts, 6)));
}

// One short try for each call: whoever waits for an answer of the API should not wait for the workflow service too.
class BriefTransport final : public temporal::Transport {
 public:
  explicit BriefTransport(std::shared_ptr<temporal::Transport> transport) : transport_(std::move(transport)) {}

  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const temporal::CallOptions& options) override {
    temporal::CallOptions brief = options;
    brief.timeout = std::chrono::seconds(3);
    brief.retry_for = temporal::Duration(0);
    return transport_->Call(method, request, response, brief);
  }

 private:
  const std::shared_ptr<temporal::Transport> transport_;
};

class OutboxDispatcher final : public Dispatcher {
 public:
  OutboxDispatcher(platform::Database& database, const temporal::Client& client, const platform::Clock& clock,
                   std::string task_queue)
      : database_(database),
        client_(std::make_shared<BriefTransport>(client.transport()), client.options()),
        clock_(clock),
        task_queue_(std::move(task_queue)) {}

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
        absl::Status outcome = Send(row);
        if (row.kind == stores::kOutboxSignalWorkflow && absl::IsNotFound(outcome)) outcome = Undeliverable(tx, row);
        if (outcome.ok()) {
          ++sent;
          GPUAAS_RETURN_IF_ERROR(stores::MarkSent(tx, row.id, clock_.Now()));
          continue;
        }
        GPUAAS_RETURN_IF_ERROR(
            stores::MarkFailed(tx, row.id, std::string(outcome.message()), clock_.Now() + BackOff(row.attempts)));
        failure = outcome;
        if (IsNoAnswer(outcome)) break;  // no use to try the others now
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
      return client_.StartUntyped(row.name, PayloadsOf(row), options).status();
    }
    if (row.kind == stores::kOutboxSignalWorkflow) {
      return client_.SignalUntyped(row.workflow_id, row.name, PayloadsOf(row), request_id);
    }
    return MakeError(ErrorCode::kInternal, "Unknown kind of outbox row: " + row.kind);
  }

  // Nobody is left to tell. That is as it should be unless somebody waits for the operation: its workflow was ended by
  // force.
  absl::Status Undeliverable(platform::Transaction& tx, const OutboxRow& row) {
    if (row.operation.empty()) return absl::OkStatus();
    GPUAAS_ASSIGN_OR_RETURN(const auto operation, stores::GetOperation(tx, row.operation));
    if (operation.state != "running") return absl::OkStatus();
    stores::OpsItem item;
    item.tenant = row.tenant;
    item.severity = "critical";
    item.kind = "workflow_missing";
    item.title = "An accepted " + operation.kind + " has no workflow that could do it.";
    item.resource_kind = operation.resource_kind;
    item.resource_id = operation.resource_id;
    item.workflow_id = row.workflow_id;
    item.runbook = "docs/runbooks/workflow-missing.md";
    return stores::RaiseOpsItem(tx, item, clock_.Now()).status();
  }

  platform::Database& database_;
  temporal::Client client_;
  const platform::Clock& clock_;
  const std::string task_queue_;
};

}  // namespace

std::unique_ptr<Dispatcher> NewDispatcher(platform::Database& database, std::shared_ptr<temporal::Client> client,
                                          const platform::Clock& clock, std::string task_queue) {
  return std::make_unique<OutboxDispatcher>(database, *client, clock, std::move(task_queue));
}

}  // namespace gpuaas::activities
