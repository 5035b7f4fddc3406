#include "api/common/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace gpuaas::api {

std::chrono::seconds RateLimiter::Take(const std::string& name, Time now) {
  using Seconds = std::chrono::duration<double>;
  const double per_second = burst_ / Seconds(period_).count();
  std::lock_guard lock(mutex_);
  if (buckets_.size() >= kMaxNames && !buckets_.contains(name)) {
    std::erase_if(buckets_, [&](const auto& entry) { return entry.second.at + period_ < now; });
    if (buckets_.size() >= kMaxNames) return period_;
  }
  auto [it, fresh] = buckets_.try_emplace(name, Bucket{static_cast<double>(burst_), now});
  Bucket& bucket = it->second;
  const double refilled = bucket.tokens + std::max(0.0, Seconds(now - bucket.at).count()) * per_second;
  bucket = {std::min<double>(burst_, refilled), now};
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return std::chrono::seconds(0);
  }
  return std::chrono::seconds(static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) / per_second)));
}

}  // namespace gpuaas::api
