#pragma once

#include <chrono>
#include <optional>

#include "absl/status/status.h"

namespace temporal {

// As many polls at once as the server suggests, within bounds.
struct PollerAutoscaling {
  PollerAutoscaling() {}
  PollerAutoscaling(int min, int max, int first) : minimum(min), maximum(max), initial(first) {}

  int minimum = 1;
  int maximum = 100;
  int initial = 5;
};

namespace worker {

// How many polls there should be at once. Pure: told what came of each poll, and when. Not thread-safe.
class PollerScaling {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  explicit PollerScaling(PollerAutoscaling bounds);

  // `suggestion`: the server's, by how much to change.
  void Polled(bool task, std::optional<int> suggestion, Instant now);
  void Failed(absl::StatusCode code, Instant now);
  int target() const { return target_; }

 private:
  void Roll(Instant now);
  void Set(int target);

  const PollerAutoscaling bounds_;
  int target_;
  bool server_scales_ = false;  // else what went down would never come up again
  // More polls help only as long as they bring more tasks: compared period by period.
  std::optional<Instant> period_;
  int tasks_ = 0;
  int tasks_before_ = 0;
  bool may_grow_ = false;
};

}  // namespace worker
}  // namespace temporal
