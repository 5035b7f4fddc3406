#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/common/proto.h"
#include "temporal/testing/fake/deployments.h"
#include "temporal/testing/fake/fake_service.h"

// The inside of FakeService. Everything runs under one lock.
namespace temporal::testing::fake {

namespace service = api::workflowservice::v1;
namespace history = api::history::v1;
namespace enums = api::enums::v1;
using api::failure::v1::Failure;

// Copies the fields that have the same name and type in both messages: commands into events, requests into events.
void CopyFields(const google::protobuf::Message& from, google::protobuf::Message& to);

struct Activity {
  enum class State { kScheduled, kBackingOff, kStarted };
  int64_t scheduled_id = 0;
  history::ActivityTaskScheduledEventAttributes attributes;
  State state = State::kScheduled;
  int attempt = 1;
  Time first_scheduled;
  Time attempt_scheduled;
  Time started;
  Time last_heartbeat;
  std::string identity;
  bool cancel_requested = false;
  api::common::v1::Payloads heartbeat_details;
  std::optional<Failure> last_failure;
};

struct Timer {
  int64_t started_id = 0;
  std::string id;
};

struct WorkflowTask {
  enum class State { kNone, kScheduled, kStarted };
  State state = State::kNone;
  int64_t scheduled_id = 0;
  int64_t started_id = 0;
  int attempt = 1;
  int stamp = 0;      // tells tasks with the same event ids apart
  std::string queue;  // where it waits
  // Of a speculative task, made for updates only: its events so far. They become history unless all that comes of it
  // is rejections.
  bool speculative = false;
  std::vector<history::HistoryEvent> unwritten;
};

struct Update {
  enum class State { kAdmitted, kSent, kAccepted, kCompleted };
  api::update::v1::Request request;
  State state = State::kAdmitted;
  int64_t accepted_id = 0;
  api::update::v1::Outcome outcome;
};

struct Query {
  api::query::v1::WorkflowQuery query;
  std::string run_id;
  std::optional<absl::StatusOr<api::common::v1::Payloads>> answer;
};

// What came while a workflow task ran.
struct Run;
struct BufferedEvent {
  std::function<void(Run&)> append;
  std::optional<Timer> fired;  // may still be cancelled: then nobody hears of it
};

struct Run {
  std::string workflow_id;
  std::string run_id;
  history::WorkflowExecutionStartedEventAttributes started;
  std::string request_id;
  enums::WorkflowExecutionStatus status = enums::WORKFLOW_EXECUTION_STATUS_RUNNING;
  Time start_time;
  std::optional<Time> close_time;
  std::vector<history::HistoryEvent> events;
  std::vector<BufferedEvent> buffered;
  WorkflowTask task;
  int64_t previous_started_id = 0;
  std::string sticky_queue;  // empty: none
  Duration sticky_timeout{0};
  bool cancel_requested = false;
  std::set<std::string> signal_requests;
  std::map<int64_t, Activity> activities;   // by scheduled event
  std::map<int64_t, Timer> timers;          // by started event
  std::map<int64_t, std::string> children;  // running ones: initiated event -> run id
  std::map<int64_t, int64_t> child_started;
  std::vector<std::string> queries;  // to be answered with the next workflow task
  std::vector<Update> updates;       // in the order in which they came

  // Of the worker that completed the last task, or inherited.
  enums::VersioningBehavior behavior = enums::VERSIONING_BEHAVIOR_UNSPECIFIED;
  Version version;
  std::optional<api::workflow::v1::VersioningOverride> versioning_override;

  bool open() const { return status == enums::WORKFLOW_EXECUTION_STATUS_RUNNING; }
  int64_t last_event_id() const { return static_cast<int64_t>(events.size()); }
};

// Something to hand to a poller.
struct QueuedTask {
  std::string run_id;
  int64_t scheduled_id = 0;
  int attempt = 1;
  std::string query_id;  // a query on its own, else empty
};

struct Queue {
  std::deque<QueuedTask> tasks;
  bool dead = false;  // a sticky queue whose worker has gone
};

class Server {
 public:
  explicit Server(FakeServiceOptions options);

  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options);

  const FakeServiceOptions options;
  mutable std::mutex mutex;
  std::condition_variable_any changed;
  Time now = Time(std::chrono::hours(24 * 365 * 56));
  std::map<std::string, int> calls;
  std::map<std::string, std::pair<absl::Status, int>> failures;
  int waiting_polls = 0;
  int suggested_polls = 0;
  Time skip_until = options.skip_time ? Time::max() : Time::min();  // the clock may jump so far
  int64_t suggest_from = 0;  // length of history at which tasks suggest to continue as new; 0: never

  void AdvanceTo(Time time);
  void SkipTimeIfIdle();
  bool Idle(bool activities_too) const;
  Run* Newest(std::string_view workflow_id);

 private:
  using Lock = std::unique_lock<std::mutex>;
  template <class Response>
  void Suggest(Response& response) const {
    if (suggested_polls == 0) return;
    response.mutable_poller_scaling_decision()->set_poll_request_delta_suggestion(suggested_polls);
  }
  template <class Request, class Response>
  using Method = absl::Status (Server::*)(const Request&, Response&, Lock&, const CallOptions&);
  template <class Request, class Response>
  void On(std::string method, Method<Request, Response> function);

  template <class Request, class Response>
  void OnDeployments(std::string method, absl::Status (Deployments::*function)(const Request&, Response&));

  // server.cc
  bool WaitFor(Lock& lock, const CallOptions& options, const std::function<bool()>& ready);
  void At(Time time, std::function<void()> function);
  Run* Find(const api::common::v1::WorkflowExecution& execution);
  Run* ByRunId(const std::string& run_id);
  absl::Status GetSystemInfo(const service::GetSystemInfoRequest&, service::GetSystemInfoResponse&, Lock&,
                             const CallOptions&);
  absl::Status DescribeNamespace(const service::DescribeNamespaceRequest&, service::DescribeNamespaceResponse&, Lock&,
                                 const CallOptions&);
  absl::Status ShutdownWorker(const service::ShutdownWorkerRequest&, service::ShutdownWorkerResponse&, Lock&,
                              const CallOptions&);

  // versions.cc
  void AddDeploymentCalls();
  bool AnyPinnedTo(const WorkerDeploymentVersion& version) const;
  Version PinnedTo(const Run& run) const;  // nullopt: not pinned
  Version Target(const Run& run) const;    // where it would go if it were not
  Version WorkflowTasksOf(const Run& run) const;
  Version ActivitiesOf(const Run& run, const std::string& task_queue) const;
  bool StaysSticky(const Run& run);
  void PassOn(const Run& run, history::WorkflowExecutionStartedEventAttributes& next) const;
  void Reroute(Run& run);
  absl::Status CheckOverride(const api::workflow::v1::VersioningOverride& versioning_override) const;
  void RecordVersion(Run& run, const service::RespondWorkflowTaskCompletedRequest& request,
                     history::WorkflowTaskCompletedEventAttributes& completed);
  void FillVersioning(const Run& run, api::workflow::v1::WorkflowExecutionVersioningInfo& info) const;
  absl::Status UpdateOptions(const service::UpdateWorkflowExecutionOptionsRequest&,
                             service::UpdateWorkflowExecutionOptionsResponse&, Lock&, const CallOptions&);

  // runs.cc
  using StartedAttributes = history::WorkflowExecutionStartedEventAttributes;
  Run& NewRun(const std::string& workflow_id, StartedAttributes attributes, const std::string& request_id);
  history::HistoryEvent& Append(Run& run, enums::EventType type);
  // Appends now, or when the workflow task that runs has been completed; then wakes the workflow.
  void Deliver(Run& run, std::function<void(Run&)> append, std::optional<Timer> fired = {});
  void Flush(Run& run);
  void Close(Run& run, enums::WorkflowExecutionStatus status);
  void TellParent(Run& run);
  void RequestCancel(Run& run, const std::string& reason, const std::string& identity);
  void Terminate(Run& run, const std::string& reason, const std::string& identity);
  void SignalRun(Run& run, history::WorkflowExecutionSignaledEventAttributes attributes, const std::string& request_id);
  template <class Request>
  absl::StatusOr<Run*> StartOrUse(const Request& request, bool& started);
  absl::Status StartWorkflow(const service::StartWorkflowExecutionRequest&, service::StartWorkflowExecutionResponse&,
                             Lock&, const CallOptions&);
  absl::Status SignalWithStart(const service::SignalWithStartWorkflowExecutionRequest&,
                               service::SignalWithStartWorkflowExecutionResponse&, Lock&, const CallOptions&);
  absl::Status SignalWorkflow(const service::SignalWorkflowExecutionRequest&, service::SignalWorkflowExecutionResponse&,
                              Lock&, const CallOptions&);
  absl::Status CancelWorkflow(const service::RequestCancelWorkflowExecutionRequest&,
                              service::RequestCancelWorkflowExecutionResponse&, Lock&, const CallOptions&);
  absl::Status TerminateWorkflow(const service::TerminateWorkflowExecutionRequest&,
                                 service::TerminateWorkflowExecutionResponse&, Lock&, const CallOptions&);

  // updates.cc
  Update* FindUpdate(Run& run, const std::string& id);
  absl::Status Admit(Run& run, const api::update::v1::Request& request);
  // Until the update has come so far or the server's patience ends; then fills in what is known.
  template <class Response>
  absl::Status Await(Run& run, const std::string& id, const api::update::v1::WaitPolicy& wait, Response& response,
                     Lock& lock, const CallOptions& call);
  void SendUpdates(Run& run, service::PollWorkflowTaskQueueResponse& response);
  void ApplyMessage(Run& run, const api::protocol::v1::Message& message);
  void RejectUnanswered(Run& run);
  void AbortUpdates(Run& run);
  absl::Status UpdateWorkflow(const service::UpdateWorkflowExecutionRequest&, service::UpdateWorkflowExecutionResponse&,
                              Lock&, const CallOptions&);
  absl::Status PollUpdate(const service::PollWorkflowExecutionUpdateRequest&,
                          service::PollWorkflowExecutionUpdateResponse&, Lock&, const CallOptions&);
  absl::Status MultiOperation(const service::ExecuteMultiOperationRequest&, service::ExecuteMultiOperationResponse&,
                              Lock&, const CallOptions&);

  // views.cc
  absl::Status GetHistory(const service::GetWorkflowExecutionHistoryRequest&,
                          service::GetWorkflowExecutionHistoryResponse&, Lock&, const CallOptions&);
  absl::Status GetHistoryReverse(const service::GetWorkflowExecutionHistoryReverseRequest&,
                                 service::GetWorkflowExecutionHistoryReverseResponse&, Lock&, const CallOptions&);
  absl::Status Describe(const service::DescribeWorkflowExecutionRequest&, service::DescribeWorkflowExecutionResponse&,
                        Lock&, const CallOptions&);
  absl::Status List(const service::ListWorkflowExecutionsRequest&, service::ListWorkflowExecutionsResponse&, Lock&,
                    const CallOptions&);
  absl::Status Count(const service::CountWorkflowExecutionsRequest&, service::CountWorkflowExecutionsResponse&, Lock&,
                     const CallOptions&);
  absl::Status QueryWorkflow(const service::QueryWorkflowRequest&, service::QueryWorkflowResponse&, Lock&,
                             const CallOptions&);
  absl::Status AnswerQuery(const service::RespondQueryTaskCompletedRequest&,
                           service::RespondQueryTaskCompletedResponse&, Lock&, const CallOptions&);
  void Answer(const std::string& query_id, const api::query::v1::WorkflowQueryResult& result);

  // tasks.cc
  void ScheduleTask(Run& run, bool speculative = false);
  void WatchSticky(Run& run);
  history::HistoryEvent& AppendOfTask(Run& run, enums::EventType type);
  void WriteTask(Run& run);
  // `of_task`: with the events of a speculative task.
  void Page(const Run& run, int64_t first, bool of_task, history::History& into, std::string& token) const;
  void StartTask(Run& run, const std::string& identity, bool sticky, service::PollWorkflowTaskQueueResponse& response);
  void FailTask(Run& run, enums::WorkflowTaskFailedCause cause, const Failure& failure, const std::string& identity);
  Run* RunOfToken(const std::string& token);
  absl::Status PollWorkflowTask(const service::PollWorkflowTaskQueueRequest&, service::PollWorkflowTaskQueueResponse&,
                                Lock&, const CallOptions&);
  absl::Status CompleteTask(const service::RespondWorkflowTaskCompletedRequest&,
                            service::RespondWorkflowTaskCompletedResponse&, Lock&, const CallOptions&);
  absl::Status RespondTaskFailed(const service::RespondWorkflowTaskFailedRequest&,
                                 service::RespondWorkflowTaskFailedResponse&, Lock&, const CallOptions&);

  // commands.cc
  void Apply(Run& run, const api::command::v1::Command& command);
  void StartTimer(Run& run, const api::command::v1::Command& command);
  void CancelTimer(Run& run, const api::command::v1::Command& command);
  void StartChild(Run& run, const api::command::v1::Command& command);
  void SignalExternal(Run& run, const api::command::v1::Command& command);
  void CancelExternal(Run& run, const api::command::v1::Command& command);
  void ContinueAsNew(Run& run, const api::command::v1::Command& command);

  // activities.cc
  void ScheduleActivity(Run& run, const api::command::v1::Command& command);
  void CancelActivity(Run& run, const api::command::v1::Command& command);
  void Enqueue(Run& run, Activity& activity);
  void WatchTimeout(const Run& run, const Activity& activity, enums::TimeoutType type, Time due);
  void TimeOut(const std::string& run_id, int64_t scheduled_id, int attempt, enums::TimeoutType type);
  // A retry if the policy has one left, else the reason why not.
  std::optional<enums::RetryState> Retry(Run& run, Activity& activity, const Failure& failure);
  // Takes the activity off and delivers how it ended, with its Started event before it if it had started.
  void End(Run& run, int64_t scheduled_id, std::function<void(history::HistoryEvent&, int64_t started_id)> fill,
           enums::EventType type);
  void StartActivity(Run& run, Activity& activity, const std::string& identity,
                     service::PollActivityTaskQueueResponse& response);
  void StartEagerActivities(Run& run, const service::RespondWorkflowTaskCompletedRequest& request,
                            service::RespondWorkflowTaskCompletedResponse& response);
  Activity* OfToken(const std::string& token, Run*& run);
  // Empty if no such activity is there.
  std::string TokenOf(const api::common::v1::WorkflowExecution& execution, const std::string& activity_id);
  absl::Status PollActivity(const service::PollActivityTaskQueueRequest&, service::PollActivityTaskQueueResponse&,
                            Lock&, const CallOptions&);
  absl::Status Heartbeat(const service::RecordActivityTaskHeartbeatRequest&,
                         service::RecordActivityTaskHeartbeatResponse&, Lock&, const CallOptions&);
  absl::Status ActivityCompleted(const service::RespondActivityTaskCompletedRequest&,
                                 service::RespondActivityTaskCompletedResponse&, Lock&, const CallOptions&);
  absl::Status ActivityFailed(const service::RespondActivityTaskFailedRequest&,
                              service::RespondActivityTaskFailedResponse&, Lock&, const CallOptions&);
  absl::Status ActivityCanceled(const service::RespondActivityTaskCanceledRequest&,
                                service::RespondActivityTaskCanceledResponse&, Lock&, const CallOptions&);

  // The calls by id are the calls by token, with the token of the attempt that runs.
  template <class ById, class Response, class ByToken, class ByTokenResponse>
  void OnById(const std::string& method, Method<ByToken, ByTokenResponse> function);

  using Handler = std::function<absl::Status(const google::protobuf::Message&, google::protobuf::Message&, Lock&,
                                             const CallOptions&)>;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::map<std::string, Run> runs_;                              // by run id
  std::map<std::string, std::vector<std::string>> by_workflow_;  // run ids, oldest first
  std::map<std::string, Queue> workflow_queues_;
  std::map<std::string, Queue> activity_queues_;
  std::map<std::string, Query> queries_;
  std::multimap<Time, std::function<void()>> deadlines_;
  std::set<std::string> stopped_workers_;
  Deployments deployments_{now, [this](const WorkerDeploymentVersion& version) { return AnyPinnedTo(version); }};
  int next_id_ = 1;
};

}  // namespace temporal::testing::fake
