#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "temporal/core/workflow_run.h"

namespace temporal::core {

// Runs by id, the least recently used dropped first. Thread-safe.
class RunCache {
 public:
  // A place for a run; whoever uses the run holds the mutex.
  struct Slot {
    std::mutex mutex;
    std::unique_ptr<WorkflowRun> run;  // null: not known
  };

  explicit RunCache(size_t capacity) : capacity_(capacity) {}

  // The run's slot, made if need be. With capacity 0 a slot that nobody else will see, unless the run is held.
  // `evicted`: how many others had to go for it.
  std::shared_ptr<Slot> Get(const std::string& run_id, size_t* evicted = nullptr);

  // Keeps a run, whatever the capacity, until its next Get. Not one that has been dropped meanwhile.
  void Hold(const std::string& run_id, std::shared_ptr<Slot> slot);
  // Back to being kept only as long as the capacity allows.
  void Unhold(std::string_view run_id);

  // Forgets a run. If it is in use, it lives until its user lets go of the slot.
  void Drop(std::string_view run_id);
  void Clear();
  size_t size() const;

 private:
  struct Entry {
    std::string run_id;
    std::shared_ptr<Slot> slot;
  };

  std::shared_ptr<Slot> TakeHeld(std::string_view run_id);

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_id_;
  std::map<std::string, std::shared_ptr<Slot>, std::less<>> held_;
};

}  // namespace temporal::core
