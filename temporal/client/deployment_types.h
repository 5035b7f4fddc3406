#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "temporal/common/time.h"
#include "temporal/common/versioning.h"
#include "temporal/converter/payload.h"

// What a WorkerDeploymentClient (client/deployments.h) says and is told.
namespace temporal {

// Which version gets new runs, and the next tasks of those that upgrade by themselves.
struct WorkerDeploymentRouting {
  std::optional<WorkerDeploymentVersion> current_version;  // nullopt: the workers without versioning
  std::optional<WorkerDeploymentVersion> ramping_version;  // nullopt with a percentage above 0: the same
  float ramping_percentage = 0;                            // of the workflows (by their ids) that go to the ramping one
  std::optional<Time> current_version_changed_at;
  std::optional<Time> ramping_version_changed_at;
  std::optional<Time> ramping_percentage_changed_at;
};

// The numbers are the wire's; a newer server may send others.
enum class WorkerDeploymentVersionStatus {
  kUnspecified = 0,
  kInactive = 1,
  kCurrent = 2,
  kRamping = 3,
  kDraining = 4,  // gets no new runs; pinned ones go on
  kDrained = 5,   // no open run is left: its workers may go, unless ended runs are to be queried
  kCreated = 6,   // by a call; no worker has polled yet
};
enum class WorkerDeploymentDrainage { kUnspecified = 0, kDraining = 1, kDrained = 2 };

struct WorkerDeploymentVersionSummary {
  WorkerDeploymentVersion version;
  WorkerDeploymentVersionStatus status = WorkerDeploymentVersionStatus::kUnspecified;
  std::optional<Time> created_at;
  WorkerDeploymentDrainage drainage = WorkerDeploymentDrainage::kUnspecified;  // current and ramping ones have none
};

struct WorkerDeploymentDescription {
  std::string name;
  std::optional<Time> created_at;
  std::vector<WorkerDeploymentVersionSummary> versions;
  WorkerDeploymentRouting routing;
  std::string last_modifier_identity;
  std::string manager_identity;  // none but a client of that identity may change the deployment; empty: all may
  std::string conflict_token;    // names this state, for the calls that change it
};

// The numbers are the wire's.
enum class TaskQueueType { kUnspecified = 0, kWorkflow = 1, kActivity = 2, kNexus = 3 };

struct WorkerDeploymentTaskQueue {
  std::string name;
  TaskQueueType type = TaskQueueType::kUnspecified;
};

struct WorkerDeploymentDrainageInfo {
  WorkerDeploymentDrainage status = WorkerDeploymentDrainage::kUnspecified;
  std::optional<Time> changed_at;
  std::optional<Time> checked_at;  // the server looks every few minutes
};

struct WorkerDeploymentVersionDescription {
  WorkerDeploymentVersion version;
  WorkerDeploymentVersionStatus status = WorkerDeploymentVersionStatus::kUnspecified;
  std::optional<Time> created_at;
  std::optional<Time> routing_changed_at;
  std::optional<Time> current_since;
  std::optional<Time> ramping_since;
  float ramping_percentage = 0;
  std::vector<WorkerDeploymentTaskQueue> task_queues;    // that its workers have polled
  std::optional<WorkerDeploymentDrainageInfo> drainage;  // current and ramping versions have none
  std::map<std::string, Payload> metadata;
};

struct SetCurrentVersionOptions {
  SetCurrentVersionOptions() {}
  explicit SetCurrentVersionOptions(std::string build) : build_id(std::move(build)) {}

  std::string build_id;                     // empty: the workers without versioning
  std::string conflict_token;               // of the state that is changed; empty: whichever
  std::string identity;                     // empty: the client's
  bool ignore_missing_task_queues = false;  // also if its workers do not poll all that those of the current one polled
  bool allow_no_pollers = false;            // also if no worker of it was ever seen

  SetCurrentVersionOptions& WithConflictToken(std::string token) {
    conflict_token = std::move(token);
    return *this;
  }
};

struct SetRampingVersionOptions {
  SetRampingVersionOptions() {}
  SetRampingVersionOptions(std::string build, float percent) : build_id(std::move(build)), percentage(percent) {}

  std::string build_id;        // empty: the workers without versioning; with percentage 0: none ramps any more
  float percentage = 0;        // from 0 to 100
  std::string conflict_token;  // the others as in SetCurrentVersionOptions
  std::string identity;
  bool ignore_missing_task_queues = false;
  bool allow_no_pollers = false;

  SetRampingVersionOptions& WithConflictToken(std::string token) {
    conflict_token = std::move(token);
    return *this;
  }
};

// What was before. The server is about to leave that out: Describe first, and give its token to the change.
struct RoutingChange {
  std::string conflict_token;  // of the state now
  std::optional<WorkerDeploymentVersion> previous_version;
  float previous_percentage = 0;  // of a ramping version
};

struct VersionMetadataChanges {
  VersionMetadataChanges() {}
  std::map<std::string, Payload> upsert;
  std::vector<std::string> remove;
};

struct WorkerDeploymentSummary {
  std::string name;
  std::optional<Time> created_at;
  WorkerDeploymentRouting routing;
};
struct WorkerDeploymentPage {
  std::vector<WorkerDeploymentSummary> deployments;
  std::string next_page_token;  // empty: the last page
};

}  // namespace temporal
