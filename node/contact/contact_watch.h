#pragma once

#include <chrono>

#include "node/journal/evidence.h"

namespace gpuaas::node {

// Whether this node has been without contact for too long. Measures with the clock since boot, which no one sets. Over
// a boot the time starts anew: nothing has run through it. No input or output.
class ContactWatch {
 public:
  ContactWatch(std::chrono::seconds limit, Moment last) : limit_(limit), last_(std::move(last)) {}

  void Contact(const Moment& now) { last_ = now; }
  void SetLimit(std::chrono::seconds limit) { limit_ = limit; }
  bool IsLost(const Moment& now) const {
    return now.boot_id == last_.boot_id && now.monotonic - last_.monotonic >= limit_;
  }
  const Moment& last() const { return last_; }
  std::chrono::seconds limit() const { return limit_; }

 private:
  std::chrono::seconds limit_;
  Moment last_;
};

}  // namespace gpuaas::node
