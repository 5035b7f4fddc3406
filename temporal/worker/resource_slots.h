#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/statusor.h"
#include "temporal/common/time.h"
#include "temporal/common/timers.h"
#include "temporal/worker/slot_supplier.h"

namespace temporal {

// How much of the machine is in use, as fractions between 0 and 1.
struct ResourceUsage {
  double memory = 0;
  double cpu = 0;
};

// Where the numbers come from. Thread-safe.
class ResourceProbe {
 public:
  virtual ~ResourceProbe() = default;
  // Errors: any; then no slot beyond the minimum is given.
  virtual absl::StatusOr<ResourceUsage> Read() = 0;
};

// The limits of the process's control group (version 2) where it has some, else the machine's. Looks at most every
// 100 ms.
std::shared_ptr<ResourceProbe> SystemResources();

// Gains and thresholds are those of the Go SDK's resource tuner.
struct ResourceTargets {
  ResourceTargets() {}
  ResourceTargets(double memory_fraction, double cpu_fraction) : memory(memory_fraction), cpu(cpu_fraction) {}

  double memory = 0.8;  // never exceeded on purpose
  double cpu = 0.9;
  double memory_threshold = 0.25;  // of the controller's output, above which a slot may be given
  double cpu_threshold = 0.05;
  double proportional = 5;
  double integral = 0;
  double derivative = 1;
};

// Tells whether the machine has room for one more task: one PID controller each for memory and CPU. Have one per
// process: several work against each other. Thread-safe.
class ResourceController {
 public:
  using Instant = Timers::Instant;
  explicit ResourceController(ResourceTargets targets = {}, std::shared_ptr<ResourceProbe> probe = SystemResources())
      : targets_(targets), probe_(std::move(probe)) {}
  bool MayAdd(Instant now);

 private:
  struct Pid {
    double error_sum = 0;
    double last_error = 0;
    double Update(const ResourceTargets& gains, double error, double seconds);
  };

  const ResourceTargets targets_;
  const std::shared_ptr<ResourceProbe> probe_;
  std::mutex mutex_;
  std::optional<Instant> last_;
  Pid memory_;
  Pid cpu_;
};

struct ResourceSlotOptions {
  ResourceSlotOptions() {}
  ResourceSlotOptions(int min, int max, Duration throttle) : minimum(min), maximum(max), ramp_throttle(throttle) {}

  int minimum = 1;  // given without a look at the resources
  int maximum = 10'000;
  Duration ramp_throttle = std::chrono::milliseconds(50);  // between two, to see what the first one needs

  static ResourceSlotOptions ForWorkflows() { return ResourceSlotOptions(5, 1000, Duration(0)); }
  static ResourceSlotOptions ForActivities() { return ResourceSlotOptions(); }
};

// Gives slots as long as memory and CPU of the machine are below their targets. Give each kind of task its own supplier
// and all of them one controller.
class ResourceBasedSlotSupplier : public SlotSupplier {
 public:
  ResourceBasedSlotSupplier(std::shared_ptr<ResourceController> controller, ResourceSlotOptions options)
      : controller_(std::move(controller)), options_(options) {}

  bool Reserve(const SlotInfo& info, std::stop_token stop) override;
  bool TryReserve(const SlotInfo& info) override;
  void Release(const SlotInfo& info, bool used) override;
  int max_slots() const override { return options_.maximum; }

 private:
  using Instant = ResourceController::Instant;
  bool TryAt(Instant now);  // with the lock held

  const std::shared_ptr<ResourceController> controller_;
  const ResourceSlotOptions options_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  int issued_ = 0;
  std::optional<Instant> last_issued_;
};

}  // namespace temporal
