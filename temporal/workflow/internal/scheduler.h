#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <stdexcept>
#include <vector>

#include "temporal/workflow/internal/frame.h"

namespace temporal::internal {

// What may only look has tried to change the workflow.
class ReadOnlyViolation : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// Runs the coroutines of one workflow run, one after the other, in the order in which they became ready. Not
// thread-safe: a run is driven by one thread at a time.
class Scheduler {
 public:
  Scheduler() = default;
  ~Scheduler() { Close(); }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Queues a suspended coroutine, or a function, behind everything that is queued. Ignored when closed.
  void Post(std::coroutine_handle<> handle);
  void Post(std::function<void()> function);

  // Resumes until nothing is queued. Coroutines must not let exceptions escape.
  void Drain();

  // Destroys the frames of all root coroutines, the youngest first, and ignores everything from then on.
  void Close();
  bool closed() const { return closed_; }

  // While frozen nothing may become ready: Post throws. For handlers that only read.
  void set_frozen(bool frozen) { frozen_ = frozen; }

  // A root coroutine: owned by the scheduler until it finishes. Base of the promise of `RootTask` (spawn.h).
  class Root : public Frame {
   public:
    Root() : Frame(&origin_) {}
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    ~Root() { Unlink(); }

    const Label& name() const { return origin_.name; }
    // Counts from 1 in the order of creation.
    uint64_t number() const { return number_; }

   protected:
    // It runs for the first time.
    void Begin() noexcept { origin_.place->Begin(origin_.name); }

   private:
    friend class Scheduler;
    void Unlink();
    Origin origin_;
    uint64_t number_ = 0;
    Scheduler* scheduler_ = nullptr;
    Root* previous_ = nullptr;
    Root* next_ = nullptr;
    std::coroutine_handle<> handle_;
  };
  void Adopt(Root& root, std::coroutine_handle<> handle, Label name);
  // Those that have not finished, the oldest first.
  std::vector<const Root*> Roots() const;

  Place& place() { return place_; }

 private:
  struct Entry {
    std::coroutine_handle<> handle;
    std::function<void()> function;
  };

  void CheckNotFrozen() const;

  std::deque<Entry> queue_;
  Root* youngest_ = nullptr;
  uint64_t roots_ever_ = 0;
  Place place_;
  bool closed_ = false;
  bool frozen_ = false;
};

// One that never runs anything, for futures that are ready from the beginning. Thread-safe.
Scheduler& InertScheduler();

}  // namespace temporal::internal
