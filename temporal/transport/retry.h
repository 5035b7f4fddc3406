#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "temporal/transport/transport.h"

namespace temporal {

// Waits so long or until stopped; true if the time has passed.
bool WaitFor(Duration duration, const std::stop_token& stop);

// A pause that grows with each failure, with a fifth of jitter.
class Backoff {
 public:
  explicit Backoff(Duration initial = std::chrono::milliseconds(100), Duration maximum = std::chrono::seconds(5))
      : initial_(initial), maximum_(maximum), next_(initial) {}
  Duration Next();
  void Reset() { next_ = initial_; }

 private:
  const Duration initial_;
  const Duration maximum_;
  Duration next_;
};

// Whether the same call may succeed a moment later.
bool IsTransient(absl::StatusCode code);

// Repeats transient failures of the transport below within CallOptions::retry_for.
class RetryingTransport : public Transport {
 public:
  using Wait = std::function<bool(Duration, const std::stop_token&)>;
  explicit RetryingTransport(std::shared_ptr<Transport> below, Wait wait = WaitFor);
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override;

 private:
  const std::shared_ptr<Transport> below_;
  const Wait wait_;
};

}  // namespace temporal
