#include "temporal/testing/fake/server.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace temporal::testing::fake {

void CopyFields(const google::protobuf::Message& from, google::protobuf::Message& to) {
  for (int i = 0; i < to.GetDescriptor()->field_count(); ++i) {
    const auto* target = to.GetDescriptor()->field(i);
    const auto* source = from.GetDescriptor()->FindFieldByName(target->name());
    if (source == nullptr || source->is_repeated() || target->is_repeated()) continue;
    if (!from.GetReflection()->HasField(from, source)) continue;
    using Field = google::protobuf::FieldDescriptor;
    if (source->cpp_type() != target->cpp_type()) continue;
    if (source->cpp_type() == Field::CPPTYPE_BOOL) {
      to.GetReflection()->SetBool(&to, target, from.GetReflection()->GetBool(from, source));
    } else if (source->cpp_type() == Field::CPPTYPE_MESSAGE && source->message_type() == target->message_type()) {
      to.GetReflection()->MutableMessage(&to, target)->CopyFrom(from.GetReflection()->GetMessage(from, source));
    } else if (source->cpp_type() == Field::CPPTYPE_STRING) {
      to.GetReflection()->SetString(&to, target, from.GetReflection()->GetString(from, source));
    } else if (source->cpp_type() == Field::CPPTYPE_ENUM) {
      to.GetReflection()->SetEnumValue(&to, target, from.GetReflection()->GetEnumValue(from, source));
    } else if (source->cpp_type() == Field::CPPTYPE_INT64) {
      to.GetReflection()->SetInt64(&to, target, from.GetReflection()->GetInt64(from, source));
    }
  }
}

template <class Request, class Response>
void Server::On(std::string method, Method<Request, Response> function) {
  handlers_[std::move(method)] = [this, function](const google::protobuf::Message& request,
                                                  google::protobuf::Message& response, Lock& lock,
                                                  const CallOptions& call) {
    return (this->*function)(dynamic_cast<const Request&>(request), dynamic_cast<Response&>(response), lock, call);
  };
}

template <class ById, class Response, class ByToken, class ByTokenResponse>
void Server::OnById(const std::string& method, Method<ByToken, ByTokenResponse> function) {
  handlers_[method + "ById"] = [this, function](const google::protobuf::Message& request,
                                                google::protobuf::Message& response, Lock& lock,
                                                const CallOptions& call) {
    const auto& by_id = dynamic_cast<const ById&>(request);
    api::common::v1::WorkflowExecution execution;
    execution.set_workflow_id(by_id.workflow_id());
    execution.set_run_id(by_id.run_id());
    ByToken by_token;
    CopyFields(by_id, by_token);
    by_token.set_task_token(TokenOf(execution, by_id.activity_id()));
    ByTokenResponse answer;
    absl::Status status = (this->*function)(by_token, answer, lock, call);
    CopyFields(answer, dynamic_cast<Response&>(response));
    return status;
  };
}

Server::Server(FakeServiceOptions server_options) : options(std::move(server_options)) {
  On("GetSystemInfo", &Server::GetSystemInfo);
  On("DescribeNamespace", &Server::DescribeNamespace);
  On("ShutdownWorker", &Server::ShutdownWorker);
  On("StartWorkflowExecution", &Server::StartWorkflow);
  On("SignalWithStartWorkflowExecution", &Server::SignalWithStart);
  On("SignalWorkflowExecution", &Server::SignalWorkflow);
  On("RequestCancelWorkflowExecution", &Server::CancelWorkflow);
  On("TerminateWorkflowExecution", &Server::TerminateWorkflow);
  On("GetWorkflowExecutionHistory", &Server::GetHistory);
  On("GetWorkflowExecutionHistoryReverse", &Server::GetHistoryReverse);
  On("DescribeWorkflowExecution", &Server::Describe);
  On("ListWorkflowExecutions", &Server::List);
  On("CountWorkflowExecutions", &Server::Count);
  On("QueryWorkflow", &Server::QueryWorkflow);
  On("RespondQueryTaskCompleted", &Server::AnswerQuery);
  On("UpdateWorkflowExecution", &Server::UpdateWorkflow);
  On("PollWorkflowExecutionUpdate", &Server::PollUpdate);
  On("ExecuteMultiOperation", &Server::MultiOperation);
  On("PollWorkflowTaskQueue", &Server::PollWorkflowTask);
  On("RespondWorkflowTaskCompleted", &Server::CompleteTask);
  On("RespondWorkflowTaskFailed", &Server::RespondTaskFailed);
  On("PollActivityTaskQueue", &Server::PollActivity);
  On("RecordActivityTaskHeartbeat", &Server::Heartbeat);
  On("RespondActivityTaskCompleted", &Server::ActivityCompleted);
  On("RespondActivityTaskFailed", &Server::ActivityFailed);
  On("RespondActivityTaskCanceled", &Server::ActivityCanceled);
  On("UpdateWorkflowExecutionOptions", &Server::UpdateOptions);
  AddDeploymentCalls();
  OnById<service::RecordActivityTaskHeartbeatByIdRequest, service::RecordActivityTaskHeartbeatByIdResponse>(
      "RecordActivityTaskHeartbeat", &Server::Heartbeat);
  OnById<service::RespondActivityTaskCompletedByIdRequest, service::RespondActivityTaskCompletedByIdResponse>(
      "RespondActivityTaskCompleted", &Server::ActivityCompleted);
  OnById<service::RespondActivityTaskFailedByIdRequest, service::RespondActivityTaskFailedByIdResponse>(
      "RespondActivityTaskFailed", &Server::ActivityFailed);
  OnById<service::RespondActivityTaskCanceledByIdRequest, service::RespondActivityTaskCanceledByIdResponse>(
      "RespondActivityTaskCanceled", &Server::ActivityCanceled);
}

absl::Status Server::Call(std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message& response, const CallOptions& call) {
  Lock lock(mutex);
  ++calls[std::string(method)];
  changed.notify_all();
  if (const auto failure = failures.find(std::string(method));
      failure != failures.end() && failure->second.second > 0) {
    --failure->second.second;
    return failure->second.first;
  }
  const auto handler = handlers_.find(method);
  if (handler == handlers_.end())
    return absl::UnimplementedError(absl::StrCat("the fake has no ", std::string(method)));
  absl::Status status = handler->second(request, response, lock, call);
  SkipTimeIfIdle();
  changed.notify_all();
  return status;
}

bool Server::WaitFor(Lock& lock, const CallOptions& call, const std::function<bool()>& ready) {
  const auto until = std::chrono::steady_clock::now() + call.timeout;
  return changed.wait_until(lock, call.stop, until, ready);
}

void Server::At(Time time, std::function<void()> function) { deadlines_.emplace(time, std::move(function)); }

void Server::AdvanceTo(Time time) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= time) {
    const auto first = deadlines_.begin();
    now = std::max(now, first->first);
    const std::function<void()> function = std::move(first->second);
    deadlines_.erase(first);
    function();
  }
  now = std::max(now, time);
  changed.notify_all();
}

bool Server::Idle(bool activities_too) const {
  for (const auto& [name, queue] : workflow_queues_) {
    if (!queue.tasks.empty()) return false;
  }
  for (const auto& [id, run] : runs_) {
    if (run.task.state != WorkflowTask::State::kNone) return false;
    for (const auto& [scheduled, activity] : run.activities) {
      if (activities_too && activity.state != Activity::State::kBackingOff) return false;
    }
  }
  return true;
}

void Server::SkipTimeIfIdle() {
  while (now < skip_until && waiting_polls > 0 && Idle(true)) {
    const bool due = !deadlines_.empty() && deadlines_.begin()->first <= skip_until;
    if (!due && skip_until == Time::max()) return;
    AdvanceTo(due ? deadlines_.begin()->first : skip_until);
  }
}

Run* Server::Newest(std::string_view workflow_id) {
  const auto found = by_workflow_.find(std::string(workflow_id));
  return found == by_workflow_.end() ? nullptr : ByRunId(found->second.back());
}

Run* Server::ByRunId(const std::string& run_id) {
  const auto found = runs_.find(run_id);
  return found == runs_.end() ? nullptr : &found->second;
}

Run* Server::Find(const api::common::v1::WorkflowExecution& execution) {
  return execution.run_id().empty() ? Newest(execution.workflow_id()) : ByRunId(execution.run_id());
}

absl::Status Server::GetSystemInfo(const service::GetSystemInfoRequest&, service::GetSystemInfoResponse& response,
                                   Lock&, const CallOptions&) {
  response.set_server_version("fake");
  response.mutable_capabilities()->set_sdk_metadata(true);
  response.mutable_capabilities()->set_encoded_failure_attributes(true);
  response.mutable_capabilities()->set_eager_workflow_start(options.eager_workflow_start);
  return absl::OkStatus();
}

absl::Status Server::DescribeNamespace(const service::DescribeNamespaceRequest& request,
                                       service::DescribeNamespaceResponse& response, Lock&, const CallOptions&) {
  if (request.namespace_() != "default") return absl::NotFoundError("no such namespace");
  auto& info = *response.mutable_namespace_info();
  info.set_name(request.namespace_());
  info.mutable_capabilities()->set_worker_poll_complete_on_shutdown(options.ends_polls_on_shutdown);
  return absl::OkStatus();
}

absl::Status Server::ShutdownWorker(const service::ShutdownWorkerRequest& request, service::ShutdownWorkerResponse&,
                                    Lock&, const CallOptions&) {
  if (options.ends_polls_on_shutdown) stopped_workers_.insert(request.worker_instance_key());
  if (request.sticky_task_queue().empty()) return absl::OkStatus();
  Queue& sticky = workflow_queues_[request.sticky_task_queue()];
  sticky.dead = true;
  for (QueuedTask& task : sticky.tasks) {
    Run& run = *ByRunId(task.run_id);
    run.task.queue = run.started.task_queue().name();
    workflow_queues_[run.task.queue].tasks.push_back(std::move(task));
  }
  sticky.tasks.clear();
  return absl::OkStatus();
}

}  // namespace temporal::testing::fake
