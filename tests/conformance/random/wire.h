#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

#include "temporal/common/timers.h"
#include "temporal/transport/transport.h"
#include "temporal/worker/timers.h"
#include "tests/conformance/random/program.h"

namespace temporal::random {

// A worker's connection, which can be interrupted, or cut for good, or lose answers to completed workflow tasks.
class Wire : public Transport {
 public:
  Wire(std::shared_ptr<Transport> server, int percent_lost, uint64_t seed)
      : server_(std::move(server)), percent_lost_(percent_lost), dice_(seed) {}

  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override {
    const std::stop_token interrupted = Interruption();
    if (cut_) return absl::UnavailableError("cut");
    CallOptions call = options;
    std::stop_source either;
    call.stop = either.get_token();
    const auto stop = [&either] { either.request_stop(); };
    const std::stop_callback asked(options.stop, stop);
    const std::stop_callback interruption(interrupted, stop);
    const bool loses = method == "RespondWorkflowTaskCompleted" && Lose();
    if (loses && Lose()) return absl::UnavailableError("lost on the way there");
    absl::Status status = server_->Call(method, request, response, call);
    if (interrupted.stop_requested()) return absl::UnavailableError("interrupted");
    if (loses) return absl::UnavailableError("lost on the way back");
    return status;
  }

  // The calls under way fail, whatever has come of them: the server was started again.
  void Interrupt() {
    std::lock_guard lock(mutex_);
    std::exchange(interruption_, std::stop_source()).request_stop();
  }
  // For good.
  void Cut() {
    cut_ = true;
    Interrupt();
  }

 private:
  bool Lose() {
    std::lock_guard lock(mutex_);
    return percent_lost_ > 0 && dice_.Chance(percent_lost_);
  }

  std::stop_token Interruption() {
    std::lock_guard lock(mutex_);
    return interruption_.get_token();
  }

  const std::shared_ptr<Transport> server_;
  const int percent_lost_;
  std::atomic<bool> cut_ = false;
  std::mutex mutex_;
  std::stop_source interruption_;
  Dice dice_;
};

// The machine's clock, many times as fast.
class FastTimers : public Timers {
 public:
  static constexpr int kFactor = 1000;
  Instant Now() const override { return start_ + (steady_.Now() - start_) * kFactor; }
  Id At(Instant time, std::function<void()> function) override {
    return steady_.At(start_ + (time - start_) / kFactor, std::move(function));
  }
  void Cancel(const Id& id) override { steady_.Cancel(id); }

 private:
  worker::SteadyTimers steady_;
  const Instant start_ = steady_.Now();
};

}  // namespace temporal::random
