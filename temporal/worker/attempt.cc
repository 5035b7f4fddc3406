#include "temporal/worker/attempt.h"

#include "absl/strings/str_cat.h"
#include "temporal/common/failure.h"
#include "temporal/common/metrics.h"

namespace temporal::worker {

absl::StatusOr<Payload> RunAttempt(const Shared& shared, const ActivityRegistry& registry, ActivityContext& context,
                                   const Payloads& input) {
  const auto& interceptors = shared.options.activity_interceptors;
  const std::string& type = context.info().activity_type;
  const ActivityRegistry::Function* function = registry.Find(type);
  if (function == nullptr) {
    shared.Count(metrics::kUnregisteredActivityInvocation, "activity_type", type);
    FailureAttributes attributes;  // retryable: another worker of the queue may know it
    attributes.type = "NotFoundError";
    return ApplicationError(absl::StatusCode::kUnimplemented, absl::StrCat("this worker has no activity '", type, "'"),
                            attributes);
  }
  const std::function<absl::StatusOr<Payload>(size_t)> call = [&](size_t depth) -> absl::StatusOr<Payload> {
    if (depth == interceptors.size()) return (*function)(context, input);
    return interceptors[depth]->Execute(context, input, [&call, depth] { return call(depth + 1); });
  };
  const char* error = context.info().is_local ? metrics::kLocalActivityError : metrics::kActivityTaskError;
  try {
    return call(0);
  } catch (const std::exception& e) {
    shared.Count(error, "activity_type", type);
    return absl::InternalError(absl::StrCat("the activity threw: ", e.what()));
  } catch (...) {
    shared.Count(error, "activity_type", type);
    return absl::InternalError("the activity threw something that is no std::exception");
  }
}

}  // namespace temporal::worker
