#include "temporal/core/flags.h"

namespace temporal::core {

void EngineFlags::AddFrom(const api::history::v1::WorkflowTaskCompletedEventAttributes& completed) {
  const auto& metadata = completed.sdk_metadata();
  known_.insert(metadata.core_used_flags().begin(), metadata.core_used_flags().end());
  if (!metadata.sdk_name().empty()) named_ = metadata.sdk_name() == kSdkName && metadata.sdk_version() == kSdkVersion;
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
  known_.merge(new_);
  new_.clear();
  if (!named_) {
    metadata.set_sdk_name(kSdkName);
    metadata.set_sdk_version(kSdkVersion);
    named_ = true;
  }
  return metadata;
}

}  // namespace temporal::core
