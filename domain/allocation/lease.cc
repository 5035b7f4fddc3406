#include "domain/allocation/lease.h"

#include <string>

namespace gpuaas::domain {
namespace {

std::string Seconds(std::chrono::seconds value) { return std::to_string(value.count()); }

absl::Status FieldError(const std::string& problem) {
  return MakeError(ErrorCode::kInvalidArgument, problem,
                   R"({"fields":[{"field":"lease_seconds","problem":")" + problem + R"("}]})");
}

}  // namespace

absl::StatusOr<std::chrono::seconds> GrantLease(const LeasePolicy& policy, std::chrono::seconds asked) {
  if (asked == std::chrono::seconds(0)) return policy.standard;
  if (asked < policy.minimum || asked > policy.maximum) {
    return FieldError("a lease is " + Seconds(policy.minimum) + " to " + Seconds(policy.maximum) + " seconds");
  }
  return asked;
}

absl::StatusOr<std::chrono::seconds> ExtendLease(const LeasePolicy& policy, std::chrono::seconds granted,
                                                 std::chrono::seconds by) {
  if (by <= std::chrono::seconds(0)) return FieldError("a lease is extended by at least one second");
  if (by > policy.maximum - granted) {  // no overflow, whatever `by` is
    return MakeError(
        ErrorCode::kQuotaExceeded, "leases may last " + Seconds(policy.maximum) + " seconds in all",
        R"({"maximum_seconds":)" + Seconds(policy.maximum) + R"(,"granted_seconds":)" + Seconds(granted) + "}");
  }
  return granted + by;
}

}  // namespace gpuaas::domain
