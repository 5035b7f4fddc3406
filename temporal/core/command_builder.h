#pragma once

#include <string>
#include <string_view>

#include "temporal/core/machines/requests.h"
#include "temporal/workflow/info.h"
#include "temporal/workflow/internal/runtime.h"

// The commands for what a workflow's code asks for.
namespace temporal::core {

Command ActivityCommand(std::string_view type, std::string_view id, const ActivityOptions& options, Payloads input,
                        const WorkflowInfo& info);
Command TimerCommand(std::string_view id, Duration duration, std::string_view summary);
Command ChildCommand(std::string_view type, const ChildOptions& options, Payloads input, const WorkflowInfo& info);
Command SignalCommand(const internal::ExternalTarget& target, std::string_view signal, Payloads input,
                      const PayloadMap& headers);
Command CancelExternalCommand(const internal::ExternalTarget& target, std::string_view reason,
                              const WorkflowInfo& info);
Command MemoCommand(const PayloadMap& fields);
Command SearchAttributesCommand(const PayloadMap& fields);
// `memo` and `search_attributes`: the run's current ones, which go over to the next.
Command ContinueAsNewCommand(const internal::ContinueAsNewRequest& request, const WorkflowInfo& info,
                             const PayloadMap& memo, const PayloadMap& search_attributes);

}  // namespace temporal::core
