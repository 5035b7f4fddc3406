#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/common/time.h"
#include "temporal/common/versioning.h"

// Worker deployments of the FakeService: which versions there are, and which gets what.
namespace temporal::testing::fake {

// Nullopt: workers without versioning.
using Version = std::optional<WorkerDeploymentVersion>;
// What a worker says of itself.
Version ToVersion(const api::deployment::v1::WorkerDeploymentOptions& options);

class Deployments {
 public:
  // `now`: the server's clock; `in_use`: whether open runs are pinned to a version.
  Deployments(const Time& now, std::function<bool(const WorkerDeploymentVersion&)> in_use)
      : now_(now), in_use_(std::move(in_use)) {}

  void Polled(const Version& version, const std::string& task_queue, api::enums::v1::TaskQueueType type);
  // Whether workers of that version have polled the task queue.
  bool Serves(const WorkerDeploymentVersion& version, const std::string& task_queue,
              api::enums::v1::TaskQueueType type) const;
  bool Knows(const WorkerDeploymentVersion& version) const;
  // Where what is not tied to a version goes; some workflows to the ramping one, by their ids.
  Version Target(const std::string& task_queue, api::enums::v1::TaskQueueType type,
                 const std::string& workflow_id) const;

  // The calls of the service.
  absl::Status Describe(const api::workflowservice::v1::DescribeWorkerDeploymentRequest& request,
                        api::workflowservice::v1::DescribeWorkerDeploymentResponse& response);
  absl::Status DescribeVersion(const api::workflowservice::v1::DescribeWorkerDeploymentVersionRequest& request,
                               api::workflowservice::v1::DescribeWorkerDeploymentVersionResponse& response);
  absl::Status SetCurrent(const api::workflowservice::v1::SetWorkerDeploymentCurrentVersionRequest& request,
                          api::workflowservice::v1::SetWorkerDeploymentCurrentVersionResponse& response);
  absl::Status SetRamping(const api::workflowservice::v1::SetWorkerDeploymentRampingVersionRequest& request,
                          api::workflowservice::v1::SetWorkerDeploymentRampingVersionResponse& response);
  absl::Status SetManager(const api::workflowservice::v1::SetWorkerDeploymentManagerRequest& request,
                          api::workflowservice::v1::SetWorkerDeploymentManagerResponse& response);
  absl::Status UpdateMetadata(const api::workflowservice::v1::UpdateWorkerDeploymentVersionMetadataRequest& request,
                              api::workflowservice::v1::UpdateWorkerDeploymentVersionMetadataResponse& response);
  absl::Status DeleteVersion(const api::workflowservice::v1::DeleteWorkerDeploymentVersionRequest& request,
                             api::workflowservice::v1::DeleteWorkerDeploymentVersionResponse& response);
  absl::Status Delete(const api::workflowservice::v1::DeleteWorkerDeploymentRequest& request,
                      api::workflowservice::v1::DeleteWorkerDeploymentResponse& response);
  absl::Status List(const api::workflowservice::v1::ListWorkerDeploymentsRequest& request,
                    api::workflowservice::v1::ListWorkerDeploymentsResponse& response);

 private:
  struct Deployed {
    Time created;
    std::set<std::pair<std::string, api::enums::v1::TaskQueueType>> task_queues;
    bool was_routed_to = false;  // current or ramping, now or before
    api::deployment::v1::VersionMetadata metadata;
  };
  struct Deployment {
    Time created;
    std::map<std::string, Deployed> versions;  // by build id
    std::string current;                       // empty: workers without versioning
    std::string ramping;
    float percentage = 0;
    int64_t changes = 0;  // its conflict token
    std::string modifier;
    std::string manager;
  };

  Deployment* Find(const std::string& name);
  Deployed* Find(const api::deployment::v1::WorkerDeploymentVersion& version);
  api::enums::v1::WorkerDeploymentVersionStatus StatusOf(const std::string& name, const std::string& build_id) const;
  // The deployment, if the request may change it.
  template <class Request>
  absl::Status Change(const Request& request, Deployment*& deployment);
  template <class Request>
  absl::Status Route(const Request& request, Deployment*& deployment);
  void Fill(const std::string& name, const Deployment& deployment, api::deployment::v1::RoutingConfig& config) const;

  const Time& now_;
  const std::function<bool(const WorkerDeploymentVersion&)> in_use_;
  std::map<std::string, Deployment> deployments_;
};

}  // namespace temporal::testing::fake
