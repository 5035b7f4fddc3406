#include "temporal/core/flags.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/core/history/errors.h"

namespace temporal::core {

absl::Status EngineFlags::AddFrom(const api::history::v1::WorkflowTaskCompletedEventAttributes& completed) {
  const auto& metadata = completed.sdk_metadata();
  for (const uint32_t flag : metadata.core_used_flags()) {
    if (flag > static_cast<uint32_t>(EngineFlag::kNewest)) {
      return BadHistory(absl::StrCat("SDK flag ", flag, " is not known to this worker: a later one wrote it"));
    }
    known_.insert(flag);
  }
  if (!metadata.sdk_name().empty()) named_ = metadata.sdk_name() == kSdkName && metadata.sdk_version() == kSdkVersion;
  return absl::OkStatus();
}

bool EngineFlags::Use(EngineFlag flag, bool may_record) {
  const auto number = static_cast<uint32_t>(flag);
  if (known_.contains(number)) return true;
  if (may_record) new_.insert(number);
  return may_record;
}

api::sdk::v1::WorkflowTaskCompletedMetadata EngineFlags::Collect() {
  for (const EngineFlag always :
       {EngineFlag::kIdAndTypeChecks, EngineFlag::kUpsertOnPatch, EngineFlag::kTerminalCommandLast}) {
    Use(always, /*may_record=*/true);
  }
  api::sdk::v1::WorkflowTaskCompletedMetadata metadata;
  for (const uint32_t flag : new_) metadata.add_core_used_flags(flag);
  known_.insert(new_.begin(), new_.end());
  told_ = std::exchange(new_, {});
  told_name_ = !named_;
  if (told_name_) {
    metadata.set_sdk_name(kSdkName);
    metadata.set_sdk_version(kSdkVersion);
    named_ = true;
  }
  return metadata;
}

void EngineFlags::Untell() {
  for (const uint32_t flag : told_) known_.erase(flag);
  new_.merge(told_);
  if (std::exchange(told_name_, false)) named_ = false;
}

}  // namespace temporal::core
