#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

namespace temporal {

enum class SlotKind { kWorkflow, kActivity, kLocalActivity };

// For whom a slot is.
struct SlotInfo {
  SlotKind kind = SlotKind::kWorkflow;
  std::string task_queue;
};

// Decides how many tasks of one kind a worker runs at once: a slot is taken before a task is asked for, and given back
// when it is done. Thread-safe; only Reserve may block. One supplier may serve several kinds and workers.
class SlotSupplier {
 public:
  virtual ~SlotSupplier() = default;
  // Waits for a slot; false if stopped meanwhile.
  virtual bool Reserve(const SlotInfo& info, std::stop_token stop) = 0;
  // A slot if one is free now.
  virtual bool TryReserve(const SlotInfo& info) = 0;
  // A task begins in a slot that was reserved before.
  virtual void MarkUsed(const SlotInfo& info) {}
  // Gives a slot back. `used`: a task ran in it.
  virtual void Release(const SlotInfo& info, bool used) = 0;
  // The most slots it ever gives; 0: unknown.
  virtual int max_slots() const { return 0; }
};

// So many slots, always. What a worker has unless told otherwise.
class FixedSlotSupplier : public SlotSupplier {
 public:
  explicit FixedSlotSupplier(int slots) : max_(slots), free_(slots) {}

  bool Reserve(const SlotInfo& info, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (!freed_.wait(lock, stop, [this] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  bool TryReserve(const SlotInfo& info) override {
    const std::lock_guard lock(mutex_);
    if (free_ == 0) return false;
    --free_;
    return true;
  }
  void Release(const SlotInfo& info, bool used) override {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    freed_.notify_one();
  }
  int max_slots() const override { return max_; }

 private:
  const int max_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  int free_;
};

}  // namespace temporal
