#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "gpuaas/node/v1/node_agent.pb.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {

// Serves one Exec call and deletes itself when it is over. A status that is not OK ends it at once with that.
grpc::ServerBidiReactor<v1::ExecInput, v1::ExecOutput>* NewExecReactor(
    const grpc::Status& admitted, const std::string& self,
    std::function<absl::StatusOr<SandboxSpec>(const std::string& allocation_id)> find);

}  // namespace gpuaas::node
