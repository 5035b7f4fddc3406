#include "temporal/client/async_activity.h"

#include "absl/strings/str_cat.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/client/requests.h"
#include "temporal/converter/failure_converter.h"

namespace temporal {

namespace service = api::workflowservice::v1;

namespace {

// The service has each call twice, by token and by id, with the same fields but for the name.
template <class RequestType, class ResponseType>
struct Form {
  using Request = RequestType;
  using Response = ResponseType;
};

Nothing Done(const google::protobuf::Message&) { return {}; }

}  // namespace

UntypedAsyncActivity::UntypedAsyncActivity(const Client& client, std::string task_token)
    : transport_(client.transport()), options_(client.options()), task_token_(std::move(task_token)) {}

UntypedAsyncActivity::UntypedAsyncActivity(const Client& client, Execution execution, std::string activity_id)
    : transport_(client.transport()),
      options_(client.options()),
      execution_(std::move(execution)),
      activity_id_(std::move(activity_id)) {}

template <class ByToken, class ById, class Fill, class Read>
auto UntypedAsyncActivity::Send(const std::string& method, const Fill& fill, const Read& read) {
  using Answer = absl::StatusOr<decltype(read(typename ByToken::Response()))>;
  const auto send = [&]<class Response>(auto request, const std::string& form, const Response&) -> Answer {
    fill(request);
    const auto response = Invoke<Response>(*transport_, form, request);
    if (!response.ok()) return response.status();
    return read(*response);
  };
  if (!task_token_.empty()) {
    auto request = client_internal::NewRequest<typename ByToken::Request>(options_);
    request.set_task_token(task_token_);
    return send(std::move(request), method, typename ByToken::Response());
  }
  auto request = client_internal::NewRequest<typename ById::Request>(options_);
  request.set_workflow_id(execution_.workflow_id);
  request.set_run_id(execution_.run_id);
  request.set_activity_id(activity_id_);
  return send(std::move(request), absl::StrCat(method, "ById"), typename ById::Response());
}

absl::Status UntypedAsyncActivity::CompleteUntyped(const Payloads& result) {
  using ByToken = Form<service::RespondActivityTaskCompletedRequest, service::RespondActivityTaskCompletedResponse>;
  using ById =
      Form<service::RespondActivityTaskCompletedByIdRequest, service::RespondActivityTaskCompletedByIdResponse>;
  const auto fill = [&](auto& request) { *request.mutable_result() = result; };
  return Send<ByToken, ById>("RespondActivityTaskCompleted", fill, Done).status();
}

absl::Status UntypedAsyncActivity::FailUntyped(const absl::Status& failure, const Payloads& details) {
  if (failure.ok()) return absl::InvalidArgumentError("an activity cannot fail with OK");
  using ByToken = Form<service::RespondActivityTaskFailedRequest, service::RespondActivityTaskFailedResponse>;
  using ById = Form<service::RespondActivityTaskFailedByIdRequest, service::RespondActivityTaskFailedByIdResponse>;
  const auto fill = [&](auto& request) {
    *request.mutable_failure() = ToFailure(failure, options_.failure_hook);
    if (details.payloads_size() > 0) *request.mutable_last_heartbeat_details() = details;
  };
  return Send<ByToken, ById>("RespondActivityTaskFailed", fill, Done).status();
}

absl::Status UntypedAsyncActivity::CancelledUntyped(const Payloads& details) {
  using ByToken = Form<service::RespondActivityTaskCanceledRequest, service::RespondActivityTaskCanceledResponse>;
  using ById = Form<service::RespondActivityTaskCanceledByIdRequest, service::RespondActivityTaskCanceledByIdResponse>;
  const auto fill = [&](auto& request) {
    if (details.payloads_size() > 0) *request.mutable_details() = details;
  };
  return Send<ByToken, ById>("RespondActivityTaskCanceled", fill, Done).status();
}

absl::StatusOr<HeartbeatAnswer> UntypedAsyncActivity::HeartbeatUntyped(const Payloads& details) {
  using ByToken = Form<service::RecordActivityTaskHeartbeatRequest, service::RecordActivityTaskHeartbeatResponse>;
  using ById = Form<service::RecordActivityTaskHeartbeatByIdRequest, service::RecordActivityTaskHeartbeatByIdResponse>;
  const auto fill = [&](auto& request) {
    if (details.payloads_size() > 0) *request.mutable_details() = details;
  };
  return Send<ByToken, ById>("RecordActivityTaskHeartbeat", fill, [](const auto& response) {
    HeartbeatAnswer answer;
    answer.cancel_requested = response.cancel_requested();
    answer.paused = response.activity_paused();
    answer.reset = response.activity_reset();
    return answer;
  });
}

}  // namespace temporal
