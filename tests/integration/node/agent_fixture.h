#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "gpuaas/node/v1/node_agent.grpc.pb.h"

namespace gpuaas::testing {

struct Output {
  int exit_code = -1;
  std::string out;  // stdout and stderr
};

// Runs a command of the system to its end.
Output Sh(const std::vector<std::string>& argv);

// A real agent with eight declared GPUs, its own certificate authority, uid range, user prefix and ports; nothing
// enrolled it, and no control plane answers its heartbeats. What it makes is gone after the test.
class AgentFixture : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // What SetUp has done before it: folders, ports and certificates, but no agent.
  void Prepare();
  void StartAgent();
  void StopAgent();  // as `kill -9` does
  // A certificate signed by the test's authority and its key: <name>.pem and <name>.key in the folder.
  std::string Issue(const std::string& name, const std::string& common_name, const std::string& unit);

  // A client with a certificate of that common name and organizational unit.
  std::unique_ptr<node::v1::NodeAgent::Stub> ClientAs(const std::string& common_name, const std::string& unit);

  node::v1::EnsureSandboxRequest RequestFor(const std::string& allocation, int first_gpu, int gpus);
  node::v1::Sandbox Ensure(const node::v1::EnsureSandboxRequest& request);
  grpc::Status Remove(const std::string& allocation);
  // Over SSH with `key` (a file); by default the one that RequestFor authorizes.
  Output Ssh(const node::v1::Sandbox& sandbox, const std::string& command, const std::string& key = "");
  // A fresh key pair; the file of its private part. Its public one is <file>.pub.
  std::string MakeKey(const std::string& name);

  std::string folder_;
  std::string state_dir_;
  std::string key_;
  std::string run_by_;  // what starts the agent with other surroundings; words for the shell
  int port_ = 0;
  std::vector<node::v1::Gpu> gpus_;
  std::unique_ptr<node::v1::NodeAgent::Stub> agent_;

 private:
  void MakeAuthority();

  pid_t pid_ = 0;
};

std::string Contents(const std::string& file);
std::string NewAllocationId();
int FreePort();

}  // namespace gpuaas::testing
