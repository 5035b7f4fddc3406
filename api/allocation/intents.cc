#include "api/allocation/intents.h"

#include <google/protobuf/util/json_util.h>

#include "workflows/allocation/steps.h"

namespace gpuaas::api {
namespace {

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  // Fails for Any and out-of-range times only, which these messages do not have.
  (void)google::protobuf::util::MessageToJsonString(message, &json);
  return json;
}

stores::NewOutboxRow Row(const stores::Allocation& allocation, const char* kind, std::string_view name,
                         const google::protobuf::Message& message, Time now) {
  return stores::NewOutboxRow{.tenant = allocation.tenant,
                              .workflow_id = allocation.WorkflowId(),
                              .kind = kind,
                              .name = std::string(name),
                              .payload_json = ToJson(message),
                              .now = now};
}

}  // namespace

stores::NewOutboxRow StartAllocation(const stores::Allocation& allocation, Time now) {
  flow::v1::AllocationRequest request;
  request.set_allocation_id(allocation.id);
  request.set_operation_id(allocation.operation);
  request.set_tenant_id(allocation.tenant);
  request.set_project_id(allocation.project);
  request.set_correlation_id(allocation.correlation_id);
  request.set_sku(allocation.sku);
  request.set_gpu_count(static_cast<std::uint32_t>(allocation.gpus));
  request.set_region(allocation.region);
  request.mutable_lease()->set_seconds(allocation.lease.count());
  stores::NewOutboxRow row = Row(allocation, stores::kOutboxStartWorkflow, workflows::kAllocation.name, request, now);
  row.correlation_id = allocation.correlation_id;
  row.operation = allocation.operation;
  return row;
}

stores::NewOutboxRow SignalRelease(const stores::Allocation& allocation, const OperationId& operation,
                                   const std::string& correlation_id, const std::string& reason, Time now) {
  flow::v1::ReleaseSignal signal;
  signal.set_operation_id(operation);
  signal.set_correlation_id(correlation_id);
  signal.set_reason(reason);
  stores::NewOutboxRow row = Row(allocation, stores::kOutboxSignalWorkflow, workflows::kRelease.name, signal, now);
  row.correlation_id = correlation_id;
  row.operation = operation;
  return row;
}

stores::NewOutboxRow SignalExtend(const stores::Allocation& allocation, const OperationId& operation,
                                  const std::string& correlation_id, std::chrono::seconds by, Time now) {
  flow::v1::ExtendSignal signal;
  signal.set_operation_id(operation);
  signal.set_correlation_id(correlation_id);
  signal.mutable_by()->set_seconds(by.count());
  stores::NewOutboxRow row = Row(allocation, stores::kOutboxSignalWorkflow, workflows::kExtend.name, signal, now);
  row.correlation_id = correlation_id;
  row.operation = operation;
  return row;
}

}  // namespace gpuaas::api
