#pragma once

#include "temporal/api/schedule/v1/message.pb.h"
#include "temporal/client/schedule_types.h"

// Schedules between the SDK's types and the service's. For the client's .cc files.
namespace temporal::client_internal {

// Writes what Schedule knows into `proto` and leaves the rest as it is.
void Fill(const Schedule& schedule, api::schedule::v1::Schedule& proto);
Schedule ToSchedule(const api::schedule::v1::Schedule& proto);
ScheduleInfo ToInfo(const api::schedule::v1::ScheduleInfo& proto);
ScheduleListEntry ToEntry(const api::schedule::v1::ScheduleListEntry& proto);
api::schedule::v1::SchedulePatch ToPatch(const std::vector<ScheduleBackfill>& backfill);

}  // namespace temporal::client_internal
