#include "activities/ops/attempts_interceptor.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "activities/common/step_registry.h"
#include "domain/error_code.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/log/log.h"
#include "platform/postgres/database.h"
#include "stores/ops/attempts.h"
#include "stores/ops/items.h"

namespace gpuaas::activities {
namespace {

// A step that has been failing for so long needs somebody. Longer than a failover of the database takes.
constexpr std::chrono::minutes kStuckAfter{5};
constexpr char kStepStuck[] = "step_stuck";

// What the step's request says of itself: `step` or the request as a whole is a StepRequest.
struct StepKey {
  std::string operation_id;
  std::string correlation_id;
  std::string tenant_id;
};

StepKey KeyOf(const temporal::Payloads& input) {
  if (input.payloads_size() == 0) return {};
  const auto json = nlohmann::json::parse(input.payloads(0).data(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  const auto& step = json.contains("step") && json["step"].is_object() ? json["step"] : json;
  return {step.value("operationId", std::string()), step.value("correlationId", std::string()),
          step.value("tenantId", std::string())};
}

// What the result says for the reader of the history.
std::string DetailOf(const temporal::Payload& result) {
  const auto json = nlohmann::json::parse(result.data(), nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json.value("detail", std::string()) : std::string();
}

stores::AttemptEnd EndOf(const absl::StatusOr<temporal::Payload>& result, bool cancelled, Time now,
                         temporal::Duration pause) {
  const absl::Status& status = result.status();
  stores::AttemptEnd end;
  end.now = now;
  if (status.ok()) {
    end.outcome = "completed";
    end.message = DetailOf(*result);
  } else if (cancelled && status.code() == absl::StatusCode::kCancelled) {
    end.outcome = "cancelled";
  } else {
    const ErrorInfo& info = InfoOf(ErrorCodeOf(status));
    end.outcome = "failed";
    end.error_code = std::string(info.name);
    end.message = std::string(status.message());
    end.retryable = info.retryable;
    if (info.retryable) end.next_retry_at = now + std::chrono::duration_cast<Time::duration>(pause);
  }
  return end;
}

struct Resource {
  std::string kind;
  std::string id;
};

// What the flow is about: "allocation/alloc_..." names it.
Resource ResourceOf(const std::string& workflow_id) {
  const std::size_t slash = std::min(workflow_id.find('/'), workflow_id.size());
  const std::string kind = workflow_id.substr(0, slash);
  return {kind == "region-watch" ? "region" : kind, workflow_id.substr(std::min(slash + 1, workflow_id.size()))};
}

// A step that its flow bounds ends by itself: what follows then is the flow's to say.
absl::Status RaiseIfStuck(platform::Transaction& tx, const temporal::ActivityInfo& info, const StepKey& key, Time now) {
  if (info.schedule_to_close.count() > 0) return absl::OkStatus();
  GPUAAS_ASSIGN_OR_RETURN(const auto failures,
                          stores::GetAttemptFailures(tx, info.workflow_id, info.workflow_run_id, info.activity_id));
  if (!failures || now - failures->since < kStuckAfter) return absl::OkStatus();
  const Resource resource = ResourceOf(info.workflow_id);
  stores::OpsItem item;
  item.tenant = key.tenant_id.empty() ? PlatformTenant() : TenantId(key.tenant_id);
  item.severity = "critical";
  item.kind = kStepStuck;
  item.title = "A step keeps failing: " + info.activity_type;
  item.resource_kind = resource.kind;
  item.resource_id = resource.id;
  item.workflow_id = info.workflow_id;
  item.runbook = "docs/runbooks/step-stuck.md";
  item.detail = std::to_string(failures->attempts) + " attempts since " + FormatTime(failures->since) + ": " +
                (failures->cause.empty() ? "its worker went down with it" : failures->cause);
  return stores::RaiseOpsItem(tx, item, now).status();
}

// The flow goes on, whatever came of this step. Steps about the alarm itself run beside the one that waits.
absl::Status NoLongerStuck(platform::Transaction& tx, const temporal::ActivityInfo& info, Time now) {
  if (info.activity_type.starts_with("ops.")) return absl::OkStatus();
  const Resource resource = ResourceOf(info.workflow_id);
  return stores::CloseOpsItem(tx, kStepStuck, resource.kind, resource.id, now).status();
}

}  // namespace

AttemptsInterceptor::AttemptsInterceptor(platform::Database& database, const platform::Clock& clock,
                                         const StepRegistry& steps, std::string worker)
    : database_(database), clock_(clock), steps_(steps), worker_(std::move(worker)) {}

absl::StatusOr<temporal::Payload> AttemptsInterceptor::Execute(temporal::ActivityContext& context,
                                                               const temporal::Payloads& input, const Next& next) {
  const temporal::ActivityInfo& info = context.info();
  const StepKey key = KeyOf(input);
  const platform::CorrelationScope correlation(key.correlation_id);
  const auto record = [&](const char* what, auto&& write) {
    const absl::Status status = database_.Transact(platform::SystemScope(), write);
    if (!status.ok()) {
      platform::LogWarning("attempt not recorded", {{"what", what},
                                                    {"step", info.activity_type},
                                                    {"workflow_id", info.workflow_id},
                                                    {"cause", std::string(status.message())}});
    }
  };

  stores::Attempt attempt;
  attempt.workflow_id = info.workflow_id;
  attempt.run_id = info.workflow_run_id;
  attempt.activity_id = info.activity_id;
  attempt.step = info.activity_type;
  attempt.number = info.attempt;
  attempt.operation = OperationId(key.operation_id);
  attempt.worker = worker_;
  attempt.started_at = clock_.Now();
  attempt.outcome = "running";
  record("begin", [&](platform::Transaction& tx) -> absl::Status {
    GPUAAS_RETURN_IF_ERROR(stores::BeginAttempt(tx, attempt));
    return info.attempt > 1 ? RaiseIfStuck(tx, info, key, attempt.started_at) : absl::OkStatus();
  });

  auto result = next();

  const auto end =
      EndOf(result, context.cancelled(), clock_.Now(), steps_.PauseAfter(info.activity_type, info.attempt));
  if (end.outcome == "failed") {
    platform::LogWarning("step failed", {{"step", info.activity_type},
                                         {"workflow_id", info.workflow_id},
                                         {"attempt", info.attempt},
                                         {"code", end.error_code},
                                         {"cause", end.message}});
  }
  record("end", [&](platform::Transaction& tx) -> absl::Status {
    GPUAAS_RETURN_IF_ERROR(
        stores::EndAttempt(tx, info.workflow_id, info.workflow_run_id, info.activity_id, info.attempt, end));
    return end.retryable ? RaiseIfStuck(tx, info, key, end.now) : NoLongerStuck(tx, info, end.now);
  });
  return result;
}

}  // namespace gpuaas::activities
