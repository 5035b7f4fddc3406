#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "temporal/client/client.h"
#include "temporal/client/deployment_types.h"

namespace temporal {

// One worker deployment. The server makes deployments and their versions when the first worker of theirs polls: right
// after a worker's start they may be kNotFound. Thread-safe; each function is one call to the server, made only if
// what it is given can be meant.
// Errors of all: kNotFound: no such deployment or version, because none of its workers has polled. kInvalidArgument: a
// name or build id that cannot be one (common/versioning.h), an empty build id where one is needed. Of those that
// change something: kFailedPrecondition: another has changed it since the conflict token was given; another identity is
// its manager; or what is said below. kResourceExhausted: too many changes at once.
class WorkerDeploymentHandle {
 public:
  const std::string& name() const { return name_; }

  absl::StatusOr<WorkerDeploymentDescription> Describe() const;

  // New runs begin with that version, and those that upgrade by themselves go over to it. If it was ramping it is not
  // any more. kFailedPrecondition: its workers have not polled all the task queues of the version before.
  absl::StatusOr<RoutingChange> SetCurrentVersion(const SetCurrentVersionOptions& options) const;
  // The same for a part of the workflows. kInvalidArgument: a percentage outside [0, 100].
  absl::StatusOr<RoutingChange> SetRampingVersion(const SetRampingVersionOptions& options) const;

  // From then on none but clients of that identity may change the deployment; empty: all may. Returns the conflict
  // token of the state now.
  absl::StatusOr<std::string> SetManagerIdentity(std::string_view identity, std::string_view conflict_token = {}) const;
  // The same, with this client's own identity.
  absl::StatusOr<std::string> BecomeManager(std::string_view conflict_token = {}) const;

  absl::StatusOr<WorkerDeploymentVersionDescription> DescribeVersion(std::string_view build_id) const;
  // Rarely needed: the server removes versions that are of no use any more. kFailedPrecondition: it is current or
  // ramping, has workers that poll, or is draining and `skip_drainage` is false.
  absl::Status DeleteVersion(std::string_view build_id, bool skip_drainage = false) const;
  // Returns all entries as they are now.
  absl::StatusOr<std::map<std::string, Payload>> UpdateVersionMetadata(std::string_view build_id,
                                                                       const VersionMetadataChanges& changes) const;

 private:
  friend class WorkerDeploymentClient;
  WorkerDeploymentHandle(std::shared_ptr<Transport> transport, ClientOptions options, std::string name)
      : transport_(std::move(transport)), options_(std::move(options)), name_(std::move(name)) {}
  absl::StatusOr<std::string> SetManager(bool self, std::string_view identity, std::string_view conflict_token) const;

  std::shared_ptr<Transport> transport_;
  ClientOptions options_;
  std::string name_;
};

// The worker deployments of a client's namespace:
//   temporal::WorkerDeploymentClient deployments(client);
//   auto orders = deployments.GetHandle("orders");
//   auto now = orders.SetCurrentVersion(temporal::SetCurrentVersionOptions("2026-11-20.1"));
class WorkerDeploymentClient {
 public:
  explicit WorkerDeploymentClient(const Client& client) : transport_(client.transport()), options_(client.options()) {}

  // Nothing is asked.
  WorkerDeploymentHandle GetHandle(std::string_view name) const { return {transport_, options_, std::string(name)}; }
  absl::StatusOr<WorkerDeploymentPage> List(int page_size, std::string_view page_token = {}) const;
  // kFailedPrecondition: it has versions. One that is not there is kOk.
  absl::Status Delete(std::string_view name) const;

 private:
  const std::shared_ptr<Transport> transport_;
  const ClientOptions options_;
};

}  // namespace temporal
