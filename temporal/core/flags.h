#pragma once

#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/api/sdk/v1/task_complete_metadata.pb.h"

namespace temporal::core {

// Behaviour of the engine that histories depend on. The numbers are sdk-core's; a change of behaviour gets a new one,
// so that old histories replay as they were made.
enum class EngineFlag : uint32_t {
  kIdAndTypeChecks = 1,
  kUpsertOnPatch = 2,
  kTerminalCommandLast = 3,
  kNexusChecks = 4,  // known, never used: there is no Nexus here
  kNewest = kNexusChecks,
};

inline constexpr char kSdkName[] = "temporal-cpp";
inline constexpr char kSdkVersion[] = "0.1.0";

// Which flags a run uses: those its history names, and those first used by the task at hand.
class EngineFlags {
 public:
  // BadHistory: a flag of a later engine, whose behaviour this one cannot have.
  absl::Status AddFrom(const api::history::v1::WorkflowTaskCompletedEventAttributes& completed);

  // Whether to behave that way. `may_record`: the code runs for the first time, so that the flag may be taken into use.
  bool Use(EngineFlag flag, bool may_record);

  // What this task's completion has to tell; afterwards that counts as told.
  api::sdk::v1::WorkflowTaskCompletedMetadata Collect();
  // The last task's completion was not recorded: the next one tells it again.
  void Untell();

 private:
  std::set<uint32_t> known_;
  std::set<uint32_t> new_;
  bool named_ = false;
  std::set<uint32_t> told_;  // by the last completion
  bool told_name_ = false;
};

}  // namespace temporal::core
