#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/time.h"
#include "node/journal/record_log.h"

namespace gpuaas::node {

enum class EvidenceKind { kStarted, kRunning, kStopped };
std::string_view NameOf(EvidenceKind kind);  // "started", "running", "stopped"

struct EvidenceEntry {
  std::uint64_t sequence = 0;  // from 1, without gaps
  std::string allocation_id;
  EvidenceKind kind = EvidenceKind::kRunning;
  std::string boot_id;
  Time wall;
  std::chrono::microseconds monotonic{0};  // since boot, suspended time included
  std::vector<std::string> gpu_uuids;
};

// Where this machine stands: which boot, how long since, and what the wall clock says.
struct Moment {
  std::string boot_id;
  std::chrono::microseconds monotonic{0};
  Time wall;
};
Moment SystemMoment();

// What ran on this node, as the node saw it; kept for 14 days of entries at least. Thread-safe.
class EvidenceJournal {
 public:
  using Now = std::function<Moment()>;
  static absl::StatusOr<std::unique_ptr<EvidenceJournal>> Open(const std::string& path, const Now& now = SystemMoment);

  // What was seen at `moment` (which may lie back: the last one of something that was found ended). Durable when it
  // returns.
  absl::Status Add(std::string_view allocation_id, EvidenceKind kind, const std::vector<std::string>& gpu_uuids,
                   const Moment& moment);
  // Entries after that sequence number, oldest first, at most `limit`.
  std::vector<EvidenceEntry> After(std::uint64_t sequence, std::size_t limit) const;
  std::uint64_t head() const;  // the newest sequence number, 0 if there is none

 private:
  EvidenceJournal() = default;
  void DropOld(Time now);

  mutable std::mutex mutex_;
  std::unique_ptr<RecordLog> log_;
  std::deque<EvidenceEntry> entries_;
  std::uint64_t head_ = 0;
};

}  // namespace gpuaas::node
