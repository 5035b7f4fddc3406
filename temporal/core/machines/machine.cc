#include "temporal/core/machines/machine.h"

#include "absl/strings/str_cat.h"
#include "temporal/common/strings.h"
#include "temporal/core/history/errors.h"

namespace temporal::core {

absl::Status Machine::Unexpected(std::string_view machine, const HistoryEvent& event) {
  return Nondeterminism(
      absl::StrCat("the workflow's code has ", ToAbsl(machine), " where history has ", Describe(event)));
}

absl::Status Machine::Differs(std::string_view what, std::string_view in_workflow, std::string_view in_history,
                              const HistoryEvent& event) {
  return Nondeterminism(absl::StrCat("the ", ToAbsl(what), " is '", ToAbsl(in_workflow),
                                     "' in the workflow's code, but '", ToAbsl(in_history), "' in ", Describe(event)));
}

}  // namespace temporal::core
