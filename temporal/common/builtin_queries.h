#pragma once

#include <string>

#include "temporal/common/nothing.h"
#include "temporal/common/refs.h"

namespace temporal {

namespace api::sdk::v1 {
class EnhancedStackTrace;  // temporal/api/sdk/v1/enhanced_stack_trace.pb.h
class WorkflowMetadata;    // temporal/api/sdk/v1/workflow_metadata.pb.h
}  // namespace api::sdk::v1

// Queries that every workflow answers, whatever it registers; Temporal's UI and CLI ask them, too.

// What each coroutine of the run waits for, and where.
inline constexpr QueryRef<Nothing, std::string> kStackTraceQuery{"__stack_trace"};
// The same for programs. Sources are not sent along.
inline constexpr QueryRef<Nothing, api::sdk::v1::EnhancedStackTrace> kEnhancedStackTraceQuery{"__enhanced_stack_trace"};
// The type, its handlers with their descriptions, and the current details.
inline constexpr QueryRef<Nothing, api::sdk::v1::WorkflowMetadata> kWorkflowMetadataQuery{
    "__temporal_workflow_metadata"};

}  // namespace temporal
