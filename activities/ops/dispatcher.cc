#include "activities/ops/dispatcher.h"

#include <algorithm>
#include <atomic>
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

// A call takes at most kCallBound; rows are the caller's for kHold. What cannot end within the hold is not begun: by
// then somebody else may have sent the row and its successors.
constexpr std::chrono::seconds kCallBound{3};
constexpr std::chrono::seconds kHold{10};
// After so many refusals somebody has to look.
constexpr int kStuckAfter = 5;
constexpr char kStuck[] = "outbox_stuck";
constexpr char kMissing[] = "workflow_missing";

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
    brief.timeout = kCallBound;
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
      if (!MayTry()) return NoAnswer();
      GPUAAS_ASSIGN_OR_RETURN(const int sent, SendBatch(1, std::string(workflow_id)));
      if (sent == 0) return absl::OkStatus();
    }
  }

  absl::StatusOr<int> DispatchPending(int limit) override { return SendBatch(limit, {}); }

 private:
  // While the service is silent only one caller at a time finds out whether it answers again: the others have customers
  // who wait for them.
  bool MayTry() {
    Time silent_until = silent_until_.load();
    if (silent_until == Time()) return true;
    const Time now = clock_.Now();
    return now >= silent_until && silent_until_.compare_exchange_strong(silent_until, now + kCallBound);
  }

  static absl::Status NoAnswer() {
    return MakeError(ErrorCode::kTemporalUnavailable, "The workflow service does not answer.");
  }

  // Sends the oldest pending row of each of up to `limit` workflows. No transaction is open during the calls.
  absl::StatusOr<int> SendBatch(int limit, const std::string& workflow_id) {
    const Time until = clock_.Now() + kHold;
    GPUAAS_ASSIGN_OR_RETURN(
        const auto rows,
        database_.TransactFor<std::vector<OutboxRow>>(platform::SystemScope(), [&](platform::Transaction& tx) {
          return stores::ClaimOutbox(tx, until - kHold, until, limit, workflow_id);
        }));
    if (rows.empty()) return 0;
    std::vector<absl::Status> outcomes;  // of as many rows as were tried
    for (const OutboxRow& row : rows) {
      if (clock_.Now() + kCallBound > until) break;
      outcomes.push_back(Send(row));
      const bool silent = IsNoAnswer(outcomes.back());
      silent_until_ = silent ? clock_.Now() + kCallBound : Time();
      if (silent) break;  // no use to try the others now
    }
    GPUAAS_RETURN_IF_ERROR(database_.Transact(platform::SystemScope(),
                                              [&](platform::Transaction& tx) { return Record(tx, rows, outcomes); }));
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (!outcomes[i].ok() && !NobodyIsThere(rows[i], outcomes[i])) return NoAnswer();
    }
    return static_cast<int>(outcomes.size());
  }

  static bool NobodyIsThere(const OutboxRow& row, const absl::Status& outcome) {
    return row.kind == stores::kOutboxSignalWorkflow && temporal::IsNoSuchExecution(outcome);
  }

  // Writes down what came of each row; those without an outcome were not tried.
  absl::Status Record(platform::Transaction& tx, const std::vector<OutboxRow>& rows,
                      const std::vector<absl::Status>& outcomes) {
    const Time now = clock_.Now();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const OutboxRow& row = rows[i];
      if (i >= outcomes.size()) {
        GPUAAS_RETURN_IF_ERROR(stores::ReturnUntried(tx, row.id, now));
      } else if (outcomes[i].ok()) {
        GPUAAS_RETURN_IF_ERROR(Sent(tx, row, now));
      } else if (NobodyIsThere(row, outcomes[i])) {
        GPUAAS_RETURN_IF_ERROR(Undeliverable(tx, row, outcomes[i], now));
      } else {
        GPUAAS_RETURN_IF_ERROR(Failed(tx, row, outcomes[i], now));
      }
    }
    return absl::OkStatus();
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

  // An item about the resource of the row, for which the operator has to do something.
  static stores::OpsItem ItemOf(const OutboxRow& row) {
    stores::OpsItem item;
    item.tenant = row.tenant;
    item.severity = "critical";
    const std::size_t slash = row.workflow_id.find('/');
    item.resource_kind = row.workflow_id.substr(0, slash);
    item.resource_id = row.workflow_id.substr(slash + 1);
    item.workflow_id = row.workflow_id;
    return item;
  }

  // The row is done with, and so is what was raised about it.
  static absl::Status Sent(platform::Transaction& tx, const OutboxRow& row, Time now) {
    GPUAAS_RETURN_IF_ERROR(stores::MarkSent(tx, row.id, now));
    if (row.attempts == 0) return absl::OkStatus();
    const stores::OpsItem item = ItemOf(row);
    for (const char* kind : {kStuck, kMissing}) {
      GPUAAS_RETURN_IF_ERROR(stores::CloseOpsItem(tx, kind, item.resource_kind, item.resource_id, now).status());
    }
    return absl::OkStatus();
  }

  // A service that is silent is seen elsewhere. One that answers, but not to this row, is not.
  static absl::Status Failed(platform::Transaction& tx, const OutboxRow& row, const absl::Status& outcome, Time now) {
    const std::string cause(outcome.message());
    GPUAAS_RETURN_IF_ERROR(stores::MarkFailed(tx, row.id, cause, now + BackOff(row.attempts)));
    if (IsNoAnswer(outcome) || row.attempts + 1 < kStuckAfter) return absl::OkStatus();
    stores::OpsItem item = ItemOf(row);
    item.kind = kStuck;
    item.title = "The workflow service refuses what was accepted; the resource's later orders wait behind it.";
    item.detail = cause;
    item.runbook = "docs/runbooks/outbox-stuck.md";
    return stores::RaiseOpsItem(tx, item, now).status();
  }

  // Nobody is left to tell. That is as it should be unless somebody waits for the operation: its workflow was ended by
  // force, and hears of it if it is brought back.
  static absl::Status Undeliverable(platform::Transaction& tx, const OutboxRow& row, const absl::Status& outcome,
                                    Time now) {
    if (row.operation.empty()) return Sent(tx, row, now);
    GPUAAS_ASSIGN_OR_RETURN(const auto operation, stores::GetOperation(tx, row.operation));
    if (operation.state != "running") return Sent(tx, row, now);
    GPUAAS_RETURN_IF_ERROR(stores::MarkFailed(tx, row.id, std::string(outcome.message()), now + BackOff(row.attempts)));
    stores::OpsItem item = ItemOf(row);
    item.kind = kMissing;
    item.title = "An accepted " + operation.kind + " has no workflow that could do it.";
    item.runbook = "docs/runbooks/workflow-missing.md";
    return stores::RaiseOpsItem(tx, item, now).status();
  }

  platform::Database& database_;
  temporal::Client client_;
  const platform::Clock& clock_;
  const std::string task_queue_;
  std::atomic<Time> silent_until_ = Time();  // Time(): it answered the last call
};

}  // namespace

std::unique_ptr<Dispatcher> NewDispatcher(platform::Database& database, std::shared_ptr<temporal::Client> client,
                                          const platform::Clock& clock, std::string task_queue) {
  return std::make_unique<OutboxDispatcher>(database, *client, clock, std::move(task_queue));
}

}  // namespace gpuaas::activities
