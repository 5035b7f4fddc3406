#pragma once

#include "absl/functional/function_ref.h"
#include "api/common/call.h"
#include "api/common/services.h"
#include "stores/ops/mutation.h"

namespace gpuaas::api {

// Runs the one transaction of an idempotent mutation and answers with what it stored; then hands its intents to the
// workflow service (if that fails the worker's relay does it later). A repeat of the request gets the first answer.
// `location`: prefix of the resource's path, to which the answer's `id` is added; empty: no Location header.
// Errors of stores::Mutate.
absl::StatusOr<platform::Response> RunMutation(
    Services& services, const Call& call, const platform::Scope& scope, const stores::Caller& caller,
    std::string_view location, absl::FunctionRef<absl::StatusOr<stores::Answer>(platform::Transaction&)> body);

// The answer of a mutation that became an operation.
stores::Answer Accepted(const OperationId& operation, const nlohmann::json& body);

}  // namespace gpuaas::api
