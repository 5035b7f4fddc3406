#include "activities/common/failures.h"

#include "domain/error_code.h"
#include "domain/status.h"

namespace gpuaas::activities {

void ApplyErrorCode(const absl::Status& status, temporal::FailureAttributes& attributes) {
  if (status.code() == absl::StatusCode::kCancelled) return;
  const ErrorInfo& info = InfoOf(ErrorCodeOf(status));
  attributes.type = std::string(info.name);
  attributes.non_retryable = !info.retryable;
}

}  // namespace gpuaas::activities
