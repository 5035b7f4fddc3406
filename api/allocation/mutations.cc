#include "api/allocation/mutations.h"

#include "api/allocation/intents.h"
#include "api/allocation/view.h"
#include "api/common/mutation.h"
#include "domain/allocation/lease.h"
#include "domain/catalog/sku.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "stores/catalog/skus.h"
#include "stores/iam/ssh_keys.h"
#include "stores/ops/operations.h"

namespace gpuaas::api {
namespace {

using domain::Permission;
using Json = nlohmann::json;
using stores::Answer;

constexpr char kLocation[] = "/api/v1/allocations/";

absl::Status RecordOperation(platform::Transaction& tx, const stores::Allocation& allocation,
                             const OperationId& operation, const std::string& kind, const stores::Caller& caller,
                             const Call& call) {
  return stores::CreateOperation(tx, {.id = operation,
                                      .caller = caller,
                                      .resource_kind = "allocation",
                                      .resource_id = allocation.id,
                                      .kind = kind,
                                      .request_json = call.body.dump(),
                                      .now = call.now})
      .status();
}

// The allocation in the name of the operation that this request made.
Answer AcceptedFor(const Call& call, platform::Transaction& tx, const stores::Allocation& allocation,
                   const OperationId& operation) {
  ScopeNames names(call.access, tx);
  Json body = AllocationJson(allocation, call.access, names);
  body["operation_id"] = operation.str();
  body["correlation_id"] = call.correlation_id();
  return Accepted(operation, body);
}

// The tenant and project of what is changed, which for a platform administrator are another's.
stores::Caller CallerFor(const Call& call, const stores::Allocation& allocation) {
  return call.access.CallerFor(allocation.tenant, allocation.project, call.correlation_id());
}

stores::Caller CallerOf(const Call& call) {
  return call.access.CallerFor(call.access.tenant, call.access.project, call.correlation_id());
}

absl::Status CheckKeys(platform::Transaction& tx, const Call& call, const std::vector<std::string>& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto id = SshKeyId::Parse(ids[i]);
    absl::Status status = id ? stores::HoldSshKey(tx, call.access.principal.user, *id).status()
                             : MakeError(ErrorCode::kUnknownSshKey, "");
    if (status.ok()) continue;
    if (ErrorCodeOf(status) != ErrorCode::kUnknownSshKey) return status;
    const Json fault = {{"field", "ssh_key_ids/" + std::to_string(i)}, {"problem", "is none of your SSH keys"}};
    return MakeError(ErrorCode::kUnknownSshKey, "no such SSH key: " + ids[i], Json{{"fields", {fault}}}.dump());
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> Create(platform::Transaction& tx, const Call& call, const stores::Caller& caller, int most) {
  const Json& body = call.body;
  stores::NewAllocation wanted{.id = AllocationId::New(call.now),
                               .operation = OperationId::New(call.now),
                               .caller = caller,
                               .name = body.value("name", ""),
                               .sku = body["sku"],
                               .region = body["region"],
                               .ssh_key_ids = body["ssh_key_ids"],
                               .now = call.now};
  GPUAAS_ASSIGN_OR_RETURN(domain::Sku sku, stores::GetSku(tx, wanted.sku));
  wanted.gpus = body.value("gpus", sku.gpus_min);
  GPUAAS_RETURN_IF_ERROR(domain::CheckOrder(sku, wanted.gpus, wanted.region));
  GPUAAS_RETURN_IF_ERROR(CheckKeys(tx, call, wanted.ssh_key_ids));
  GPUAAS_ASSIGN_OR_RETURN(
      wanted.lease, domain::GrantLease(domain::LeasePolicy(), std::chrono::seconds(body.value("lease_seconds", 0))));
  GPUAAS_RETURN_IF_ERROR(stores::CheckLivingAllocations(tx, caller.project, most));
  GPUAAS_ASSIGN_OR_RETURN(stores::Allocation allocation, stores::CreateAllocation(tx, wanted));
  GPUAAS_RETURN_IF_ERROR(RecordOperation(tx, allocation, wanted.operation, "create", caller, call));
  GPUAAS_RETURN_IF_ERROR(stores::EnqueueOutbox(tx, StartAllocation(allocation, call.now)).status());
  return AcceptedFor(call, tx, allocation, wanted.operation);
}

}  // namespace

absl::StatusOr<platform::Response> CreateAllocation(Services& services, const Call& call) {
  if (call.access.project.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "choose the tenant and project that shall own the allocation",
                     R"({"fields":[{"field":"X-Project","problem":"is required"}]})");
  }
  const stores::Caller caller = CallerOf(call);
  return RunMutation(
      services, call, platform::TenantScope{call.access.tenant}, caller, kLocation,
      [&](platform::Transaction& tx) { return Create(tx, call, caller, services.settings.project_allocations); });
}

absl::StatusOr<platform::Response> ExtendAllocation(Services& services, const Call& call) {
  const std::chrono::seconds by(call.body["additional_seconds"].get<int>());
  auto extend = [&](platform::Transaction& tx) -> absl::StatusOr<Answer> {
    GPUAAS_ASSIGN_OR_RETURN(stores::Allocation found, FindAllocation(tx, call, Permission::kAllocationWrite));
    GPUAAS_RETURN_IF_ERROR(domain::ExtendLease(domain::LeasePolicy(), found.lease, by).status());
    const OperationId operation = OperationId::New(call.now);
    const stores::Caller caller = CallerFor(call, found);
    GPUAAS_ASSIGN_OR_RETURN(stores::Allocation allocation,
                            stores::AcceptExtend(tx, found.id, operation, caller, call.now));
    GPUAAS_RETURN_IF_ERROR(RecordOperation(tx, allocation, operation, "extend", caller, call));
    GPUAAS_RETURN_IF_ERROR(
        stores::EnqueueOutbox(tx, SignalExtend(allocation, operation, call.correlation_id(), by, call.now)).status());
    return AcceptedFor(call, tx, allocation, operation);
  };
  return RunMutation(services, call, call.access.RowScope(), CallerOf(call), kLocation, extend);
}

absl::StatusOr<platform::Response> ReleaseAllocation(Services& services, const Call& call) {
  auto release = [&](platform::Transaction& tx) -> absl::StatusOr<Answer> {
    GPUAAS_ASSIGN_OR_RETURN(stores::Allocation found, FindAllocation(tx, call, Permission::kAllocationWrite));
    const OperationId operation = OperationId::New(call.now);
    const stores::Caller caller = CallerFor(call, found);
    GPUAAS_ASSIGN_OR_RETURN(stores::Allocation allocation,
                            stores::AcceptRelease(tx, found.id, operation, caller, call.now));
    if (allocation.release_operation == operation) {
      GPUAAS_RETURN_IF_ERROR(RecordOperation(tx, allocation, operation, "release", caller, call));
      GPUAAS_RETURN_IF_ERROR(stores::EnqueueOutbox(tx, SignalRelease(allocation, operation, call.correlation_id(),
                                                                     call.body.value("reason", ""), call.now))
                                 .status());
    }
    return AcceptedFor(call, tx, allocation, allocation.release_operation);
  };
  return RunMutation(services, call, call.access.RowScope(), CallerOf(call), kLocation, release);
}

}  // namespace gpuaas::api
