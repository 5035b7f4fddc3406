#include "api/common/mutation.h"

#include "activities/ops/dispatcher.h"
#include "api/common/pepper.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/log/log.h"
#include "platform/openapi/contract.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

// Equal for requests that mean the same, however their JSON is written.
std::string Canonical(const Call& call) { return Json{call.operation.id, Json(call.request.params), call.body}.dump(); }

}  // namespace

absl::StatusOr<platform::Response> RunMutation(
    Services& services, const Call& call, const platform::Scope& scope, const stores::Caller& caller,
    std::string_view location, absl::FunctionRef<absl::StatusOr<stores::Answer>(platform::Transaction&)> body) {
  GPUAAS_ASSIGN_OR_RETURN(std::string digest, services.pepper.Hash(Canonical(call)));
  const stores::Mutation mutation{.caller = caller,
                                  .api_operation = call.operation.id,
                                  .key = call.idempotency_key,
                                  .digest = digest,
                                  .now = call.now,
                                  .keep = services.settings.idempotency_retention};
  GPUAAS_ASSIGN_OR_RETURN(stores::Answer answer,
                          services.database.TransactFor<stores::Answer>(
                              scope, [&](platform::Transaction& tx) { return stores::Mutate(tx, mutation, body); }));
  platform::Response response = platform::Response::Json(answer.http_status, answer.body_json);
  const Json stored = Json::parse(answer.body_json, nullptr, /*allow_exceptions=*/false);
  if (!location.empty() && stored.contains("id")) {
    response.headers.emplace_back("Location", std::string(location) + stored["id"].get<std::string>());
  }
  if (!answer.operation.empty() && stored.contains("workflow_id")) {
    const std::string workflow = stored["workflow_id"].get<std::string>();
    if (absl::Status sent = services.dispatcher.Dispatch(workflow); !sent.ok()) {
      platform::LogWarning("dispatch left to the relay", {{"workflow_id", workflow}, {"error", ToStd(sent.message())}});
    }
  }
  return response;
}

stores::Answer Accepted(const OperationId& operation, const Json& body) {
  return stores::Answer{.http_status = 202,
                        .body_json = body.dump(-1, ' ', false, Json::error_handler_t::replace),
                        .operation = operation};
}

}  // namespace gpuaas::api
