#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "domain/status.h"
#include "node/inventory/inventory.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

struct Answer {
  std::vector<GpuInfo> gpus;
  std::string driver_version;
};

// Outlives its source if the driver never returns.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Answer> last;
  absl::Status failure = MakeError(ErrorCode::kUnavailable, "the driver has not answered yet");
  bool asked = false;  // once, well or not
  bool stopping = false;
  bool ended = false;
};

absl::StatusOr<Answer> Ask(const OpenGpuSource& open, std::unique_ptr<GpuSource>& source) {
  if (source == nullptr) {
    auto opened = open();
    if (!opened.ok()) return opened.status();
    source = *std::move(opened);
  }
  auto gpus = source->List();
  if (!gpus.ok()) {
    source.reset();  // a driver that was loaded anew must be opened anew
    return gpus.status();
  }
  return Answer{*std::move(gpus), source->driver_version()};
}

void Watch(Shared& shared, const OpenGpuSource& open, std::chrono::milliseconds every) {
  std::unique_ptr<GpuSource> source;
  std::unique_lock lock(shared.mutex);
  while (!shared.stopping) {
    lock.unlock();
    auto answer = Ask(open, source);
    lock.lock();
    if (answer.ok()) {
      shared.last = *std::move(answer);
      shared.failure = absl::OkStatus();
    } else {
      if (answer.status() != shared.failure) {
        platform::LogWarning("the GPUs' driver does not answer", {{"error", ToStd(answer.status().message())}});
      }
      shared.failure = answer.status();
    }
    shared.asked = true;
    shared.changed.notify_all();
    shared.changed.wait_for(lock, every, [&] { return shared.stopping; });
  }
  lock.unlock();
  source.reset();
  lock.lock();
  shared.ended = true;
  shared.changed.notify_all();
}

class WatchedGpus final : public GpuSource {
 public:
  WatchedGpus(std::string_view name, OpenGpuSource open, std::chrono::milliseconds every,
              std::chrono::milliseconds first_within)
      : name_(name), thread_([shared = shared_, open = std::move(open), every] { Watch(*shared, open, every); }) {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, first_within, [&] { return shared_->asked; });
  }

  ~WatchedGpus() override {
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.notify_all();
    const bool ended = shared_->changed.wait_for(lock, kEndWithin, [&] { return shared_->ended; });
    lock.unlock();
    if (ended) {
      thread_.join();
    } else {
      thread_.detach();  // it hangs in the driver
    }
  }

  std::string_view name() const override { return name_; }

  std::string driver_version() const override {
    std::lock_guard lock(shared_->mutex);
    return shared_->last ? shared_->last->driver_version : "";
  }

  absl::StatusOr<std::vector<GpuInfo>> List() override {
    std::lock_guard lock(shared_->mutex);
    if (!shared_->last) return shared_->failure;
    return shared_->last->gpus;
  }

 private:
  static constexpr std::chrono::seconds kEndWithin{1};

  const std::string name_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::thread thread_;
};

}  // namespace

std::unique_ptr<GpuSource> WatchGpus(std::string_view name, OpenGpuSource open, std::chrono::milliseconds every,
                                     std::chrono::milliseconds first_within) {
  return std::make_unique<WatchedGpus>(name, std::move(open), every, first_within);
}

}  // namespace gpuaas::node
