#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/sandbox/processes.h"

namespace gpuaas::node {

// What enrolment fixes for later runs.
struct NodeIdentity {
  std::string node_id;
  std::string url;        // of the control plane's port for agents, "https://host:8444"
  std::string listen;     // "address:port" of the agent's gRPC server
  std::string advertise;  // "host:port" where the control plane reaches it
};

// The agent's own folder. Layout:
//   instance.json   names what this agent makes on the node (bridge, namespaces, cgroups), and its subnet
//   node.json       NodeIdentity
//   inventory.yaml  the declared inventory, if there is one
//   tls/current     link to the folder of the key (0600), certificate and authority in use
//   tls/pending.pem the key of a certificate that was asked for and has not come yet
//   journal.log, evidence.log, contact, sandboxes/, trash/, lock
// Not thread-safe but for what says so.
class StateDir {
 public:
  // Creates it if need be (0711: the sandboxes' users pass through to nothing but what is theirs). kInternal.
  static absl::StatusOr<StateDir> Open(const std::string& path);

  // Keeps any other agent from running on it as long as the value lives. kConflict: one does.
  absl::StatusOr<Fd> Lock() const;

  const std::string& path() const { return path_; }
  const std::string& instance() const { return instance_; }  // 8 hexadecimal digits
  const std::string& subnet() const { return subnet_; }      // "100.64.3"
  std::string tls_folder() const { return path_ + "/tls/current"; }
  std::string inventory_file() const { return path_ + "/inventory.yaml"; }

  // kNotFound: not enrolled yet.
  absl::StatusOr<NodeIdentity> Identity() const;
  absl::Status SaveIdentity(const NodeIdentity& identity) const;

  // The three files change together: readers see the old ones or the new ones. Thread-safe against readers.
  absl::Status SaveCertificate(const std::string& key_pem, const std::string& certificate_pem,
                               const std::string& ca_pem) const;

 private:
  explicit StateDir(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::string instance_;
  std::string subnet_;
};

}  // namespace gpuaas::node
