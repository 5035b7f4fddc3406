#include "node/journal/evidence.h"

#include <algorithm>
#include <fstream>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "nlohmann/json.hpp"
#include "node/sandbox/contact_file.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

using nlohmann::json;

constexpr std::chrono::hours kKept{14 * 24};
constexpr std::chrono::hours kSlack{24};  // how much older than kKept the oldest may get before the file is rewritten

std::string Format(const EvidenceEntry& entry) {
  return json{{"sequence", entry.sequence},
              {"allocation", entry.allocation_id},
              {"kind", NameOf(entry.kind)},
              {"boot", entry.boot_id},
              {"wall", entry.wall.time_since_epoch().count()},
              {"monotonic", entry.monotonic.count()},
              {"gpus", entry.gpu_uuids}}
      .dump();
}

EvidenceEntry Parse(std::string_view record) {
  const json value = json::parse(record);
  EvidenceEntry entry;
  entry.sequence = value.at("sequence").get<std::uint64_t>();
  entry.allocation_id = value.at("allocation").get<std::string>();
  const auto kind = value.at("kind").get<std::string>();
  entry.kind = kind == "started"   ? EvidenceKind::kStarted
               : kind == "stopped" ? EvidenceKind::kStopped
                                   : EvidenceKind::kRunning;
  entry.boot_id = value.at("boot").get<std::string>();
  entry.wall = Time(std::chrono::microseconds(value.at("wall").get<std::int64_t>()));
  entry.monotonic = std::chrono::microseconds(value.at("monotonic").get<std::int64_t>());
  entry.gpu_uuids = value.at("gpus").get<std::vector<std::string>>();
  return entry;
}

}  // namespace

std::string_view NameOf(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::kStarted:
      return "started";
    case EvidenceKind::kRunning:
      return "running";
    case EvidenceKind::kStopped:
      return "stopped";
  }
  return "";
}

Moment SystemMoment() {
  Moment moment;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> moment.boot_id;
  moment.monotonic = SinceBoot();
  moment.wall = std::chrono::floor<Time::duration>(std::chrono::system_clock::now());
  return moment;
}

absl::StatusOr<std::unique_ptr<EvidenceJournal>> EvidenceJournal::Open(const std::string& path, const Now& now) {
  std::unique_ptr<EvidenceJournal> journal(new EvidenceJournal());
  GPUAAS_ASSIGN_OR_RETURN(journal->log_, RecordLog::Open(path, [&](std::string_view record) {
                            journal->entries_.push_back(Parse(record));
                            journal->head_ = journal->entries_.back().sequence;
                          }));
  journal->DropOld(now().wall);
  return journal;
}

absl::Status EvidenceJournal::Add(std::string_view allocation_id, EvidenceKind kind,
                                  const std::vector<std::string>& gpu_uuids, const Moment& moment) {
  std::lock_guard lock(mutex_);
  EvidenceEntry entry{head_ + 1,   std::string(allocation_id), kind,     moment.boot_id,
                      moment.wall, moment.monotonic,           gpu_uuids};
  GPUAAS_RETURN_IF_ERROR(log_->Append(Format(entry)));
  head_ = entry.sequence;
  entries_.push_back(std::move(entry));
  DropOld(moment.wall);
  return absl::OkStatus();
}

std::vector<EvidenceEntry> EvidenceJournal::After(std::uint64_t sequence, std::size_t limit) const {
  std::lock_guard lock(mutex_);
  const auto first = std::partition_point(entries_.begin(), entries_.end(),
                                          [&](const EvidenceEntry& entry) { return entry.sequence <= sequence; });
  const auto count = std::min(limit, static_cast<std::size_t>(entries_.end() - first));
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

std::uint64_t EvidenceJournal::head() const {
  std::lock_guard lock(mutex_);
  return head_;
}

// The newest entry always stays: the numbers must go on from it. A file that cannot be made smaller goes on as it is.
void EvidenceJournal::DropOld(Time now) {
  if (entries_.empty() || entries_.front().wall > now - kKept - kSlack) return;
  while (entries_.size() > 1 && entries_.front().wall < now - kKept) entries_.pop_front();
  std::vector<std::string> records;
  for (const auto& entry : entries_) records.push_back(Format(entry));
  if (auto status = log_->Rewrite(records); !status.ok()) {
    platform::LogWarning("old evidence could not be dropped", {{"error", ToStd(status.message())}});
  }
}

}  // namespace gpuaas::node
