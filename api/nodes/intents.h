#pragma once

#include <string>

#include "domain/ids.h"
#include "stores/ops/outbox.h"

// What is said to the workflow of a node, as outbox rows.
namespace gpuaas::api {

stores::NewOutboxRow StartNode(const NodeId& node, const std::string& region, const OperationId& operation,
                               const std::string& correlation_id, Time now);
stores::NewOutboxRow SignalNode(const NodeId& node, const char* signal, const OperationId& operation,
                                const std::string& correlation_id, const std::string& reason, Time now);

}  // namespace gpuaas::api
