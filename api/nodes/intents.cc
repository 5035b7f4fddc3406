#include "api/nodes/intents.h"

#include <google/protobuf/util/json_util.h>

#include "gpuaas/flow/v1/node.pb.h"

namespace gpuaas::api {
namespace {

stores::NewOutboxRow Row(const NodeId& node, const char* kind, const char* name,
                         const google::protobuf::Message& message, const OperationId& operation,
                         const std::string& correlation_id, Time now) {
  stores::NewOutboxRow row{.tenant = PlatformTenant(),
                           .workflow_id = "node/" + node.str(),
                           .kind = kind,
                           .name = name,
                           .correlation_id = correlation_id,
                           .operation = operation,
                           .now = now};
  // Fails for Any and out-of-range times only, which these messages do not have.
  (void)google::protobuf::util::MessageToJsonString(message, &row.payload_json);
  return row;
}

}  // namespace

stores::NewOutboxRow StartNode(const NodeId& node, const std::string& region, const OperationId& operation,
                               const std::string& correlation_id, Time now) {
  flow::v1::NodeRequest request;
  request.set_node_id(node);
  request.set_region(region);
  request.set_operation_id(operation);
  return Row(node, stores::kOutboxStartWorkflow, "node", request, operation, correlation_id, now);
}

stores::NewOutboxRow SignalNode(const NodeId& node, const char* signal, const OperationId& operation,
                                const std::string& correlation_id, const std::string& reason, Time now) {
  flow::v1::NodeSignal message;
  message.set_operation_id(operation);
  message.set_correlation_id(correlation_id);
  message.set_reason(reason);
  return Row(node, stores::kOutboxSignalWorkflow, signal, message, operation, correlation_id, now);
}

}  // namespace gpuaas::api
