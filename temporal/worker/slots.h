#pragma once

#include <atomic>
#include <memory>
#include <stop_token>
#include <string_view>
#include <utility>

#include "temporal/common/metrics.h"
#include "temporal/worker/shared.h"
#include "temporal/worker/slot_supplier.h"

namespace temporal::worker {

// A worker's slots for tasks of one kind: those of the supplier, and how many of them are used. One is taken before a
// poll, so that no polled task ever waits for a place.
class Slots {
 public:
  // `worker_type` names them in the metrics. `shared` must outlive the slots.
  Slots(std::shared_ptr<SlotSupplier> supplier, SlotKind kind, std::string_view worker_type, const Shared& shared)
      : supplier_(std::move(supplier)),
        info_{kind, shared.options.task_queue},
        worker_type_(worker_type),
        shared_(shared) {}

  // False if stopped, even if a slot is free.
  bool Acquire(const std::stop_token& stop) {
    if (!supplier_->Reserve(info_, stop)) return false;
    if (!stop.stop_requested()) return true;
    ReleaseUnused();
    return false;
  }
  bool TryAcquire() { return supplier_->TryReserve(info_); }
  void ReleaseUnused() { supplier_->Release(info_, /*used=*/false); }

  // Around a task that runs in a slot.
  void Use() {
    supplier_->MarkUsed(info_);
    Publish(used_.fetch_add(1) + 1);
  }
  void Release() {
    supplier_->Release(info_, /*used=*/true);
    Publish(used_.fetch_sub(1) - 1);
  }

  // The most tasks that can run at once; `limit` if that is not known.
  int max(int limit) const { return supplier_->max_slots() > 0 ? supplier_->max_slots() : limit; }

 private:
  void Publish(int used) const {
    if (shared_.options.observer == nullptr) return;
    const Observer::Labels labels = {
        {"namespace", shared_.name_space}, {"task_queue", info_.task_queue}, {"worker_type", worker_type_}};
    shared_.observer().Gauge(metrics::kWorkerTaskSlotsUsed, labels, used);
    if (const int all = supplier_->max_slots(); all > 0) {
      shared_.observer().Gauge(metrics::kWorkerTaskSlotsAvailable, labels, all - used);
    }
  }

  const std::shared_ptr<SlotSupplier> supplier_;
  const SlotInfo info_;
  const std::string_view worker_type_;
  const Shared& shared_;
  std::atomic<int> used_ = 0;
};

// How many threads a supplier that knows no limit can keep busy.
inline constexpr int kMostThreads = 10'000;

}  // namespace temporal::worker
