#include "temporal/core/run_cache.h"

#include <utility>

namespace temporal::core {

std::shared_ptr<RunCache::Slot> RunCache::Get(const std::string& run_id, size_t* evicted) {
  std::vector<std::shared_ptr<Slot>> dropped;  // destroyed without the lock: that destroys coroutines
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Slot> held = TakeHeld(run_id);
  if (capacity_ == 0) return held != nullptr ? held : std::make_shared<Slot>();
  if (const auto found = by_id_.find(run_id); found != by_id_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().slot;
  }
  for (auto entry = entries_.end(); entries_.size() >= capacity_ && entry != entries_.begin();) {
    --entry;
    if (entry->slot.use_count() > 1) continue;  // in use
    dropped.push_back(std::move(entry->slot));
    by_id_.erase(entry->run_id);
    entry = entries_.erase(entry);
  }
  if (evicted != nullptr) *evicted = dropped.size();
  entries_.push_front({run_id, std::make_shared<Slot>()});
  by_id_.emplace(entries_.front().run_id, entries_.begin());
  return entries_.front().slot;
}

std::shared_ptr<RunCache::Slot> RunCache::TakeHeld(std::string_view run_id) {
  const auto found = held_.find(run_id);
  if (found == held_.end()) return nullptr;
  std::shared_ptr<Slot> slot = std::move(found->second);
  held_.erase(found);
  return slot;
}

void RunCache::Hold(const std::string& run_id, std::shared_ptr<Slot> slot) {
  const std::lock_guard lock(mutex_);
  const auto cached = by_id_.find(run_id);
  if (capacity_ > 0 && (cached == by_id_.end() || cached->second->slot != slot)) return;
  held_.insert_or_assign(run_id, std::move(slot));
}

void RunCache::Unhold(std::string_view run_id) {
  std::shared_ptr<Slot> dropped;
  const std::lock_guard lock(mutex_);
  dropped = TakeHeld(run_id);
}

void RunCache::Drop(std::string_view run_id) {
  std::shared_ptr<Slot> dropped, held;
  const std::lock_guard lock(mutex_);
  held = TakeHeld(run_id);
  const auto found = by_id_.find(run_id);
  if (found == by_id_.end()) return;
  const auto entry = found->second;
  dropped = std::move(entry->slot);
  by_id_.erase(found);
  entries_.erase(entry);
}

void RunCache::Clear() {
  std::list<Entry> dropped;
  decltype(held_) held;
  const std::lock_guard lock(mutex_);
  by_id_.clear();
  dropped.swap(entries_);
  held.swap(held_);
}

size_t RunCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace temporal::core
