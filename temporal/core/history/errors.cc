#include "temporal/core/history/errors.h"

#include "absl/strings/str_cat.h"
#include "temporal/common/strings.h"

namespace temporal::core {

absl::Status Nondeterminism(std::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("[TMPRL1100] Nondeterminism error: ", ToAbsl(what)));
}

absl::Status BadHistory(std::string_view what) {
  return absl::DataLossError(absl::StrCat("bad history: ", ToAbsl(what)));
}

absl::Status Unreachable(const absl::Status& cause) {
  return absl::UnavailableError(absl::StrCat("history cannot be fetched: ", cause.ToString()));
}

bool IsUnreachable(const absl::Status& status) { return status.code() == absl::StatusCode::kUnavailable; }

bool IsNondeterminism(const absl::Status& status) { return status.code() == absl::StatusCode::kFailedPrecondition; }

}  // namespace temporal::core
