#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "temporal/common/builtin_queries.h"
#include "temporal/common/proto.h"
#include "temporal/core/stack_trace.h"
#include "temporal/core/workflow_instance.h"

// What a run is asked.
namespace temporal::core {

namespace {

using Descriptions = std::map<std::string, std::string>;

Descriptions BuiltInQueries() {
  return {{std::string(kStackTraceQuery.name), "What each coroutine waits for, and where"},
          {std::string(kEnhancedStackTraceQuery.name), "The same for programs"},
          {std::string(kWorkflowMetadataQuery.name), "The workflow, its handlers, and its current details"}};
}

template <class Handlers>
void Describe(const Handlers& handlers, Descriptions& descriptions) {
  for (const auto& [name, handler] : handlers) descriptions[name] = handler.options.description;
}

template <class Definitions>
void Define(const Descriptions& descriptions, Definitions& definitions) {
  for (const auto& [name, description] : descriptions) {
    auto& definition = *definitions.Add();
    definition.set_name(name);
    definition.set_description(ValidUtf8(description));
  }
}

}  // namespace

absl::StatusOr<Payload> WorkflowInstance::Query(const Moment& moment, const WorkflowQuery& query) {
  const std::string& name = query.query_type();
  if (auto answer = AnswerBuiltIn(name)) return *std::move(answer);
  const auto handler = query_handlers_.find(name);
  if (handler == query_handlers_.end()) {
    Descriptions known = BuiltInQueries();
    Describe(query_handlers_, known);
    // Temporal's UI reads the names out of this message.
    return absl::NotFoundError(absl::StrCat(
        "Query handler for '", name, "' expected but not found, and known queries: [",
        absl::StrJoin(known, " ", [](std::string* out, const auto& each) { out->append(each.first); }), "]"));
  }
  moment_ = moment;
  const ReadOnly read_only(*this);
  scheduler_.place().Begin(internal::MakeLabel(absl::StrCat("query '", name, "'")));
  try {
    return Answer(*handler->second.function, query);
  } catch (const std::exception& e) {
    return absl::UnknownError(e.what());
  } catch (...) {
    return absl::UnknownError("the query handler threw an exception of unknown type");
  }
}

std::optional<absl::StatusOr<Payload>> WorkflowInstance::AnswerBuiltIn(const std::string& query) const {
  if (query == kStackTraceQuery.name) return ToPayload(StackTrace(scheduler_));
  if (query == kEnhancedStackTraceQuery.name) return ToPayload(EnhancedStackTrace(scheduler_));
  if (query == kWorkflowMetadataQuery.name) return ToPayload(Metadata());
  return std::nullopt;
}

api::sdk::v1::WorkflowMetadata WorkflowInstance::Metadata() const {
  api::sdk::v1::WorkflowMetadata metadata;
  metadata.set_current_details(ValidUtf8(current_details_));
  auto& definition = *metadata.mutable_definition();
  definition.set_type(info_.workflow_type);
  Descriptions queries = BuiltInQueries();
  Describe(query_handlers_, queries);
  Define(queries, *definition.mutable_query_definitions());
  Descriptions signals;
  Describe(signal_handlers_, signals);
  Define(signals, *definition.mutable_signal_definitions());
  Descriptions updates;
  Describe(update_handlers_, updates);
  Define(updates, *definition.mutable_update_definitions());
  return metadata;
}

}  // namespace temporal::core
