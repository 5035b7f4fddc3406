#pragma once

#include <memory>
#include <string>
#include <vector>

#include "temporal/core/workflow_instance.h"
#include "temporal/workflow/interceptor.h"

namespace temporal::core {

// A run whose workflow has interceptors around it, the first of them the outermost.
class InterceptedInstance : public WorkflowInstance {
 public:
  // `interceptors` must outlive the instance.
  InterceptedInstance(const internal::WorkflowFactory& factory, WorkflowInfo info, Observer& observer,
                      const std::vector<WorkflowInterceptorFactory>& interceptors)
      : WorkflowInstance(factory, std::move(info), observer), factories_(interceptors) {}
  ~InterceptedInstance() override { DestroyCode(); }

 private:
  void MakeObject() override;
  Task<Payload> RunObject(Payloads input) override;
  void SignalArrived(SignalJob job) override;
  Payload Answer(const QueryHandler& handler, const WorkflowQuery& query) override;
  void Validate(const internal::UpdateHandler& handler, const UpdateJob& job) override;
  Task<Payload> RunUpdate(const internal::UpdateHandler& handler, const UpdateJob& job) override;

  Future<Payload> ExecuteActivity(std::string_view type, const ActivityOptions& options, Payloads input,
                                  const internal::Scope& scope) override;
  Future<Payload> ExecuteLocalActivity(std::string_view type, const LocalActivityOptions& options, Payloads input,
                                       const internal::Scope& scope) override;
  Future<Nothing> StartTimer(Duration duration, const internal::Scope& scope, std::string_view summary) override;
  Future<internal::ChildStarted> StartChild(std::string_view type, const ChildOptions& options, Payloads input,
                                            const internal::Scope& scope) override;
  Future<Nothing> SignalExternal(const internal::ExternalTarget& target, std::string_view signal, Payloads input,
                                 const internal::Scope& scope) override;
  Future<Nothing> CancelExternal(const internal::ExternalTarget& target, std::string_view reason) override;
  void ContinueAsNew(const internal::ContinueAsNewRequest& request) override;
  void UpsertMemo(const PayloadMap& fields) override;
  void UpsertSearchAttributes(const PayloadMap& fields) override;

  // Calls the interceptors from `depth` on, the last of which gets `last` as its `next`.
  template <class Result, class Input>
  Result Through(Result (WorkflowInterceptor::*function)(Input, WorkflowInterceptor::Next<Result, Input>),
                 std::type_identity_t<Input> input, std::type_identity_t<WorkflowInterceptor::Next<Result, Input>> last,
                 size_t depth = 0);

  const std::vector<WorkflowInterceptorFactory>& factories_;
  std::vector<std::unique_ptr<WorkflowInterceptor>> interceptors_;
};

}  // namespace temporal::core
