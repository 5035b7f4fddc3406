#include "api/common/open_streams.h"

#include "domain/status.h"

namespace gpuaas::api {

absl::StatusOr<std::shared_ptr<const void>> OpenStreams::Take(const Principal& principal) {
  const std::string& user = principal.user.str();
  const std::string& tenant = principal.tenant.str();
  const std::lock_guard lock(counts_->mutex);
  const auto open = [this](const std::string& taker) {
    const auto found = counts_->open.find(taker);
    return found == counts_->open.end() ? 0 : found->second;
  };
  if (open(user) >= kPerUser || open(tenant) >= kPerTenant) {
    return MakeError(ErrorCode::kRateLimited, "too many event streams are open", R"({"retry_after_seconds":5})");
  }
  ++counts_->open[user];
  ++counts_->open[tenant];
  return std::shared_ptr<const void>(counts_.get(), [counts = counts_, user, tenant](const void*) {
    const std::lock_guard lock(counts->mutex);
    for (const std::string& taker : {user, tenant}) {
      if (--counts->open[taker] == 0) counts->open.erase(taker);
    }
  });
}

}  // namespace gpuaas::api
