#include "api/ops/workflows.h"

#include "api/ops/history.h"
#include "api/ops/workflow_view.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/auth/base64url.h"
#include "temporal/client/client.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

std::string WorkflowId(const Call& call) { return call.Path("kind") + "/" + call.Path("id"); }

absl::Status Translate(const absl::Status& status, std::string_view what) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return MakeError(ErrorCode::kNotFound, "no such workflow: " + std::string(what));
    case absl::StatusCode::kInvalidArgument:
      return MakeError(ErrorCode::kInvalidArgument, "the workflow service refuses the request");
    default:
      return MakeError(ErrorCode::kTemporalUnavailable, "the workflow service does not answer");
  }
}

}  // namespace

absl::StatusOr<platform::Response> ListWorkflows(Services& services, const Call& call) {
  std::string filter;
  // Both come from closed alphabets (the contract's), so they can stand between quotes.
  if (std::string kind = call.Query("kind"); !kind.empty()) filter = "WorkflowType = '" + kind + "'";
  if (std::string status = FilterName(call.Query("status")); !status.empty()) {
    filter += (filter.empty() ? "" : " AND ") + ("ExecutionStatus = '" + status + "'");
  }
  std::string token;
  if (std::string cursor = call.Query("cursor"); !cursor.empty()) {
    auto decoded = platform::Base64UrlDecode(cursor);
    if (!decoded) return Translate(absl::InvalidArgumentError(""), "");
    token = *std::move(decoded);
  }
  auto page = services.temporal.List(filter, call.Limit(), token);
  if (!page.ok()) return Translate(page.status(), "");
  Json items = Json::array();
  for (const temporal::WorkflowSummary& summary : page->workflows) items.push_back(WorkflowJson(summary, nullptr));
  return Page(std::move(items), platform::Base64UrlEncode(page->next_page_token));
}

absl::StatusOr<platform::Response> DescribeWorkflow(Services& services, const Call& call) {
  auto description = services.temporal.Describe(WorkflowId(call));
  if (!description.ok()) return Translate(description.status(), WorkflowId(call));
  return JsonResponse(200, WorkflowJson(description->summary, &*description));
}

absl::StatusOr<platform::Response> GetWorkflowHistory(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(Json history, LoadHistory(services, call, platform::SystemScope(), WorkflowId(call)));
  if (history["steps"].empty() && history["run_id"].is_null()) {
    return MakeError(ErrorCode::kNotFound, "no such workflow: " + WorkflowId(call));
  }
  return JsonResponse(200, history);
}

}  // namespace gpuaas::api
