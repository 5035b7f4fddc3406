#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/statusor.h"

namespace gpuaas::platform {

// A value that has to be fetched from elsewhere and may end, such as a key or a certificate. It is fetched when it is
// first asked for, and again once it is due. One caller at a time fetches, under no lock: meanwhile, and for a pause
// after a failure, the others get the old value for as long as it is good; where there is none, they wait for that one
// fetch, or get its failure. So a source that hangs holds up one caller, and not everybody. Thread-safe.
template <typename T>
class Renewed {
 public:
  using TimePoint = std::chrono::system_clock::time_point;
  struct Fresh {
    T value;
    TimePoint due = TimePoint::max();   // from when on a new one is asked for
    TimePoint ends = TimePoint::max();  // until when this one is good
  };

  Renewed(std::function<absl::StatusOr<Fresh>()> fetch, std::chrono::milliseconds pause_after_failure)
      : fetch_(std::move(fetch)), pause_(pause_after_failure) {}

  absl::StatusOr<std::shared_ptr<const T>> Get() {
    std::unique_lock lock(mutex_);
    const TimePoint now = std::chrono::system_clock::now();
    const bool is_good = value_ != nullptr && now < ends_;
    const bool rests = !failure_.ok() && std::chrono::steady_clock::now() < rests_until_;
    if (is_good && (now < due_ || fetching_ || rests)) return value_;
    if (fetching_) {
      fetched_.wait(lock, [this, awaited = fetches_] { return fetches_ != awaited; });
      if (!failure_.ok()) return failure_;
      return value_;
    }
    if (rests) return failure_;
    fetching_ = true;
    lock.unlock();
    absl::StatusOr<Fresh> fresh = fetch_();
    lock.lock();
    fetching_ = false;
    ++fetches_;
    fetched_.notify_all();
    failure_ = fresh.status();
    if (fresh.ok()) {
      value_ = std::make_shared<const T>(std::move(fresh->value));
      due_ = fresh->due;
      ends_ = fresh->ends;
      return value_;
    }
    rests_until_ = std::chrono::steady_clock::now() + pause_;
    if (is_good && std::chrono::system_clock::now() < ends_) return value_;
    return failure_;
  }

  // That one turned out to be no good: it is not given out again.
  void Refuse(const std::shared_ptr<const T>& value) {
    const std::lock_guard lock(mutex_);
    if (value_ == value) ends_ = TimePoint::min();
  }

 private:
  const std::function<absl::StatusOr<Fresh>()> fetch_;
  const std::chrono::milliseconds pause_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  bool fetching_ = false;
  int fetches_ = 0;
  std::shared_ptr<const T> value_;
  TimePoint due_;
  TimePoint ends_;
  absl::Status failure_;  // of the last fetch
  std::chrono::steady_clock::time_point rests_until_;
};

}  // namespace gpuaas::platform
