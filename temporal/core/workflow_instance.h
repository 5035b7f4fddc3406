#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/api/query/v1/message.pb.h"
#include "temporal/api/sdk/v1/workflow_metadata.pb.h"
#include "temporal/core/machines/jobs.h"
#include "temporal/core/machines/requests.h"
#include "temporal/core/seed.h"
#include "temporal/workflow/internal/runtime.h"
#include "temporal/workflow/internal/scope_state.h"
#include "temporal/workflow/registry.h"

namespace temporal::core {

// What the code may know of the moment it runs in.
struct Moment {
  Time now{};
  bool replaying = false;
  int64_t history_length = 0;
  int64_t history_bytes = 0;
  bool continue_as_new_suggested = false;
  std::vector<ContinueAsNewReason> continue_as_new_reasons;
  WorkerDeploymentVersion deployment_version;
  bool target_deployment_version_changed = false;
};

// The code of one run: its object, its coroutines, and the steps it waits for. Destroying it destroys the coroutines'
// frames and emits nothing.
class WorkflowInstance : protected internal::Runtime {
 public:
  // `info` holds what the history does not: namespace, workflow id, run id, type, task queue.
  WorkflowInstance(const internal::WorkflowFactory& factory, WorkflowInfo info, Observer& observer)
      : factory_(factory), info_(std::move(info)), observer_(observer) {}
  ~WorkflowInstance() override;

  // Applies all jobs, then runs until nothing is ready. `start`: with an InitializeJob, also begin Run (not so to
  // answer a query about a run without a single task). Error kUnknown: the code threw what is not a workflow failure.
  absl::StatusOr<std::vector<Request>> Activate(const Moment& moment, std::vector<Job> jobs, bool start);

  // Handlers, and what every run answers (common/builtin_queries.h). Errors: kNotFound without such a handler; kUnknown
  // with what the handler threw.
  using WorkflowQuery = api::query::v1::WorkflowQuery;
  absl::StatusOr<Payload> Query(const Moment& moment, const WorkflowQuery& query);

  bool initialized() const { return object_ != nullptr; }
  // Where the code is while it runs. Thread-safe.
  const internal::Place& place() { return scheduler_.place(); }
  const WorkflowInfo& info() const override { return info_; }

 protected:
  // What interceptors (intercepted_instance.h) are put around, beside the steps of the Runtime.
  using SignalHandler = std::function<void(const Payloads&)>;
  using QueryHandler = std::function<Payload(const Payloads&)>;
  virtual void MakeObject();
  virtual Task<Payload> RunObject(Payloads input) { return object_->Run(std::move(input)); }
  virtual void SignalArrived(SignalJob job) { HandleSignal(job); }
  virtual Payload Answer(const QueryHandler& handler, const WorkflowQuery& query) {
    return handler(query.query_args());
  }
  virtual void Validate(const internal::UpdateHandler& handler, const UpdateJob& job) { handler.validate(job.input); }
  virtual Task<Payload> RunUpdate(const internal::UpdateHandler& handler, const UpdateJob& job) {
    return handler.run(job.input);
  }
  virtual void ContinueAsNew(const internal::ContinueAsNewRequest& request);

  Context RootContext() { return Context(*this, root_); }
  Future<Nothing> SendSignal(const internal::ExternalTarget& target, std::string_view signal, Payloads input,
                             const PayloadMap& headers, const internal::Scope& scope);
  // The coroutines, then the object.
  void DestroyCode();

  // --- internal::Runtime
  internal::Scheduler& scheduler() override { return scheduler_; }
  Time now() const override { return moment_.now; }
  bool replaying() const override { return moment_.replaying; }
  int64_t history_length() const override { return moment_.history_length; }
  int64_t history_bytes() const override { return moment_.history_bytes; }
  bool continue_as_new_suggested() const override { return moment_.continue_as_new_suggested; }
  void CheckMayChange(const char* what) const override;
  bool Holds(const std::function<bool()>& predicate) override;
  const std::vector<ContinueAsNewReason>& continue_as_new_reasons() const override {
    return moment_.continue_as_new_reasons;
  }
  const WorkerDeploymentVersion& current_deployment_version() const override { return moment_.deployment_version; }
  bool target_deployment_version_changed() const override { return moment_.target_deployment_version_changed; }
  uint64_t Random() override;
  void Log(LogLevel level, std::string_view message) override;
  Future<Payload> ExecuteActivity(std::string_view type, const ActivityOptions& options, Payloads input,
                                  const internal::Scope& scope) override;
  Future<Payload> ExecuteLocalActivity(std::string_view type, const LocalActivityOptions& options, Payloads input,
                                       const internal::Scope& scope) override;
  Future<Nothing> StartTimer(Duration duration, const internal::Scope& scope, std::string_view summary) override;
  Future<Nothing> AddCondition(std::function<bool()> predicate, const internal::Scope& scope) override;
  Future<internal::ChildStarted> StartChild(std::string_view type, const ChildOptions& options, Payloads input,
                                            const internal::Scope& scope) override;
  Future<Nothing> SignalExternal(const internal::ExternalTarget& target, std::string_view signal, Payloads input,
                                 const internal::Scope& scope) override;
  Future<Nothing> CancelExternal(const internal::ExternalTarget& target, std::string_view reason) override;
  bool Patched(std::string_view id, bool deprecated) override;
  void UpsertMemo(const PayloadMap& fields) override;
  void UpsertSearchAttributes(const PayloadMap& fields) override;
  void SetSignalHandler(std::string_view name, SignalHandler handler, HandlerOptions options) override;
  void SetQueryHandler(std::string_view name, QueryHandler handler, HandlerOptions options) override;
  void SetUpdateHandler(std::string_view name, internal::UpdateHandler handler, HandlerOptions options) override;
  void CountHandler(int change) override { handlers_in_progress_ += change; }
  bool all_handlers_finished() const override { return handlers_in_progress_ == 0; }
  void HandlerFailed(std::exception_ptr error) override;
  void SetCurrentDetails(std::string_view details) override;
  const std::string& current_details() const override { return current_details_; }
  PayloadMap CurrentMemo() const override { return memo_; }
  PayloadMap CurrentSearchAttributes() const override { return search_attributes_; }

 private:
  template <class T>
  struct Pending {
    std::shared_ptr<internal::FutureState<T>> state;
    internal::Scope scope;
    uint64_t key = 0;
  };
  template <class T>
  using PendingMap = std::unordered_map<uint32_t, Pending<T>>;
  struct PendingChild {
    std::shared_ptr<internal::FutureState<internal::ChildStarted>> started;
    std::shared_ptr<internal::FutureState<Payload>> result;
    internal::Scope scope;
    uint64_t key = 0;
  };
  struct PendingLocal {
    std::shared_ptr<internal::FutureState<Payload>> state;
    internal::Scope scope;
    uint64_t key = 0;
    LocalActivityCall call;  // for the next one, after a back-off
  };
  template <class F>
  struct Handler {
    std::shared_ptr<F> function;  // shared: it may replace itself while it runs
    HandlerOptions options;
  };
  template <class F>
  using Handlers = std::map<std::string, Handler<F>, std::less<>>;
  struct Condition {
    std::weak_ptr<internal::FutureState<Nothing>> state;
    std::function<bool()> predicate;
  };

  // --- jobs
  void Apply(InitializeJob& job);
  void Apply(PatchJob& job) { notified_patches_.insert({job.id, true}); }
  void Apply(ReseedJob& job) { random_ = core::Random(job.seed); }
  void Apply(SignalJob& job);
  void Apply(UpdateJob& job);
  void Apply(CancelJob& job);
  void Apply(TimerFiredJob& job);
  void Apply(ActivityJob& job);
  void Apply(LocalActivityJob& job);
  void Apply(ChildStartJob& job);
  void Apply(ChildJob& job);
  void Apply(SignalExternalJob& job) { ResolveExternal(signals_, job.seq, job.failure); }
  void Apply(CancelExternalJob& job) { ResolveExternal(cancels_, job.seq, job.failure); }

  void StartLocalActivity(std::shared_ptr<internal::FutureState<Payload>> state, internal::Scope scope,
                          LocalActivityCall call);
  // `only_updates`: that is all that came.
  void RunUntilIdle(bool only_updates);
  bool CheckConditions();
  Task<void> Main();
  void Receive(SignalJob job);
  void HandleSignal(SignalJob& job);
  Task<void> HandleUpdate(UpdateJob job);
  std::optional<FailureMessage> Refusal(const internal::UpdateHandler& handler, const UpdateJob& job);
  void RejectUnhandledUpdates();
  std::optional<absl::StatusOr<Payload>> AnswerBuiltIn(const std::string& query) const;
  api::sdk::v1::WorkflowMetadata Metadata() const;
  void Ask(Request request) { requests_.push_back(std::move(request)); }
  // While it lives the code may look but not change.
  class ReadOnly {
   public:
    explicit ReadOnly(WorkflowInstance& instance) : instance_(instance) { Set(true); }
    ~ReadOnly() { Set(false); }
    ReadOnly(const ReadOnly&) = delete;
    ReadOnly& operator=(const ReadOnly&) = delete;

   private:
    void Set(bool value) {
      instance_.read_only_ = value;
      instance_.scheduler_.set_frozen(value);
    }
    WorkflowInstance& instance_;
  };
  void CloseWith(Command command);
  template <class T>
  std::shared_ptr<internal::FutureState<T>> NewState() {
    return std::make_shared<internal::FutureState<T>>(scheduler_);
  }
  template <class T>
  static std::optional<Pending<T>> Extract(PendingMap<T>& map, uint32_t seq);
  template <class T>
  static void Settle(const std::shared_ptr<internal::FutureState<T>>& state, Outcome& outcome);
  static void ResolveExternal(PendingMap<Nothing>& map, uint32_t seq, std::optional<FailureMessage>& failure);

  const internal::WorkflowFactory& factory_;
  WorkflowInfo info_;
  Observer& observer_;
  internal::Scheduler scheduler_;  // before everything that holds futures
  const internal::Scope root_ = internal::CancelNode::Root();
  std::unique_ptr<internal::WorkflowObject> object_;
  Payloads input_;
  core::Random random_{0};
  Moment moment_;
  bool read_only_ = false;
  bool closing_ = false;
  absl::Status failed_;  // the task's failure, if any

  std::vector<Request> requests_;
  uint32_t timer_seq_ = 0;
  uint32_t activity_seq_ = 0;  // local ones too
  uint32_t child_seq_ = 0;
  uint32_t signal_seq_ = 0;
  uint32_t cancel_seq_ = 0;
  PendingMap<Nothing> timers_;
  PendingMap<Payload> activities_;
  std::unordered_map<uint32_t, PendingLocal> locals_;
  std::unordered_map<uint32_t, PendingChild> children_;
  PendingMap<Nothing> signals_;
  PendingMap<Nothing> cancels_;
  std::vector<Condition> conditions_;
  const internal::Label condition_label_ = internal::MakeLabel("a condition");

  Handlers<SignalHandler> signal_handlers_;
  Handlers<QueryHandler> query_handlers_;
  Handlers<internal::UpdateHandler> update_handlers_;
  std::vector<SignalJob> unhandled_signals_;
  std::vector<UpdateJob> unhandled_updates_;
  bool update_accepted_ = false;  // in this activation
  int handlers_in_progress_ = 0;
  std::map<std::string, bool> notified_patches_;
  std::map<std::string, bool, std::less<>> patched_;  // what Patched has answered
  std::string current_details_;
  PayloadMap memo_;
  PayloadMap search_attributes_;
};

}  // namespace temporal::core
