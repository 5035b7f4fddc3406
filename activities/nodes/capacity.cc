#include "activities/nodes/capacity.h"

#include "domain/status_macros.h"
#include "stores/allocation/queue.h"
#include "stores/ops/outbox.h"

namespace gpuaas::activities {
namespace {

// What is freed at once serves no more than so many; the others hear from their own timers.
constexpr int kMostTold = 20;

}  // namespace

absl::StatusOr<int> KickQueue(platform::Transaction& tx, const std::string& region, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const auto queue, stores::LoadQueue(tx, region));
  int told = 0;
  for (const stores::QueueEntry& entry : queue) {
    if (told == kMostTold) break;
    stores::NewOutboxRow row;
    row.tenant = entry.tenant;
    row.workflow_id = "allocation/" + entry.id.str();
    row.kind = stores::kOutboxSignalWorkflow;
    row.name = "capacity";
    row.payload_json = "{}";
    row.now = now;
    GPUAAS_RETURN_IF_ERROR(stores::EnqueueOutbox(tx, row).status());
    ++told;
  }
  return told;
}

}  // namespace gpuaas::activities
