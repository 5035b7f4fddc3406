#include "tests/integration/node/agent_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "domain/ids.h"
#include "node/command/command.h"
#include "node/contact/state_dir.h"

namespace gpuaas::testing {
namespace {

constexpr char kInventory[] = "gpus: {count: 8, model: \"NVIDIA H200\", memory_gib: 141}\n";

}  // namespace

int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string Contents(const std::string& file) {
  std::ifstream stream(file);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

std::string NewAllocationId() {
  return AllocationId::New(std::chrono::floor<Time::duration>(std::chrono::system_clock::now()));
}

Output Sh(const std::vector<std::string>& argv) {
  std::vector<std::string> words = {"sh", "-c",
                                    "out=$(\"$@\" 2>&1 </dev/null); rc=$?; printf '%s\\n%s' \"$rc\" \"$out\"", "sh"};
  words.insert(words.end(), argv.begin(), argv.end());
  auto result = node::RunTool(words);
  Output output;
  if (!result.ok()) return output;
  output.exit_code = std::stoi(*result);
  output.out = result->substr(result->find('\n') + 1);
  return output;
}

void AgentFixture::Prepare() {
  char name[] = "/var/tmp/gpuaas-node-test.XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  folder_ = name;
  state_dir_ = folder_ + "/state";
  port_ = FreePort();
  std::ofstream(folder_ + "/inventory.yaml") << kInventory;
  MakeAuthority();
  key_ = MakeKey("user");
}

void AgentFixture::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  Prepare();
  auto state = node::StateDir::Open(state_dir_);
  ASSERT_TRUE(state.ok()) << state.status();
  const std::string address = "127.0.0.1:" + std::to_string(port_);
  ASSERT_TRUE(state->SaveIdentity({"node_test", "https://127.0.0.1:9", address, address}).ok());
  Issue("node", "node_test", "node");
  ASSERT_TRUE(state
                  ->SaveCertificate(Contents(folder_ + "/node.key"), Contents(folder_ + "/node.pem"),
                                    Contents(folder_ + "/ca.pem"))
                  .ok());
  StartAgent();
  agent_ = ClientAs("worker", "service");
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  node::v1::Inventory inventory;
  const auto status = agent_->GetInventory(&context, {}, &inventory);
  ASSERT_TRUE(status.ok()) << status.error_message() << Contents(folder_ + "/agent.log");
  gpus_.assign(inventory.gpus().begin(), inventory.gpus().end());
  ASSERT_EQ(gpus_.size(), 8u);
}

void AgentFixture::TearDown() {
  if (folder_.empty()) return;
  if (HasFailure()) std::fputs(Contents(folder_ + "/agent.log").c_str(), stderr);
  StopAgent();
  const Output purged = Sh({GPUAAS_NODE_AGENT, "purge", "--state-dir", state_dir_});
  EXPECT_EQ(purged.exit_code, 0) << purged.out;
  std::filesystem::remove_all(folder_);
}

void AgentFixture::StartAgent() {
  // Several of these tests run at once on one /etc/passwd: the port, which is nobody else's, picks the uids.
  const std::string first_uid = std::to_string(1'000'000 + port_ * 16);
  // Few descriptors, so that what needs one per file or level fails here and not on a full node.
  const std::string file = folder_ + "/inventory.yaml";
  const std::string inventory = std::filesystem::exists(file) ? " --inventory " + file : "";
  const std::string command = "ulimit -n 512; exec " + run_by_ + " " + GPUAAS_NODE_AGENT + " run --state-dir " +
                              state_dir_ + inventory + " --user-prefix gputest --first-uid " + first_uid +
                              " --ssh-ports 31000-31999 >>" + folder_ + "/agent.log 2>&1";
  const char* argv[] = {"sh", "-c", command.c_str(), nullptr};
  ASSERT_EQ(::posix_spawn(&pid_, "/bin/sh", nullptr, nullptr, const_cast<char**>(argv), environ), 0);
}

void AgentFixture::StopAgent() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void AgentFixture::MakeAuthority() {
  const Output made =
      Sh({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
          "-subj", "/CN=test root", "-keyout", folder_ + "/ca.key", "-out", folder_ + "/ca.pem"});
  ASSERT_EQ(made.exit_code, 0) << made.out;
}

std::string AgentFixture::Issue(const std::string& name, const std::string& common_name, const std::string& unit) {
  const std::string base = folder_ + "/" + name;
  std::ofstream(base + ".ext") << "subjectAltName=DNS:" << common_name << ",IP:127.0.0.1\n";
  const std::string subject = "/OU=" + unit + "/CN=" + common_name;
  Output made = Sh({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    subject, "-keyout", base + ".key", "-out", base + ".csr"});
  EXPECT_EQ(made.exit_code, 0) << made.out;
  made = Sh({"openssl", "x509", "-req", "-in", base + ".csr", "-CA", folder_ + "/ca.pem", "-CAkey", folder_ + "/ca.key",
             "-CAcreateserial", "-days", "1", "-extfile", base + ".ext", "-out", base + ".pem"});
  EXPECT_EQ(made.exit_code, 0) << made.out;
  return base;
}

std::unique_ptr<node::v1::NodeAgent::Stub> AgentFixture::ClientAs(const std::string& common_name,
                                                                  const std::string& unit) {
  const std::string base = Issue("client-" + common_name + "-" + unit, common_name, unit);
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("node_test");
  return node::v1::NodeAgent::NewStub(grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(port_),
      grpc::SslCredentials({Contents(folder_ + "/ca.pem"), Contents(base + ".key"), Contents(base + ".pem")}),
      arguments));
}

std::string AgentFixture::MakeKey(const std::string& name) {
  const std::string file = folder_ + "/" + name + "_ed25519";
  const Output made = Sh({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file});
  EXPECT_EQ(made.exit_code, 0) << made.out;
  return file;
}

node::v1::EnsureSandboxRequest AgentFixture::RequestFor(const std::string& allocation, int first_gpu, int gpus) {
  node::v1::EnsureSandboxRequest request;
  request.set_allocation_id(allocation);
  request.set_operation_id("op_create");
  for (int i = first_gpu; i < first_gpu + gpus; ++i) request.add_gpu_uuids(gpus_[static_cast<std::size_t>(i)].uuid());
  request.set_key_owner("allocation");
  auto* key = request.add_authorized_keys();
  key->set_key_id("key_1");
  key->set_public_key(Contents(key_ + ".pub").substr(0, Contents(key_ + ".pub").find('\n')));
  return request;
}

node::v1::Sandbox AgentFixture::Ensure(const node::v1::EnsureSandboxRequest& request) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  node::v1::Sandbox sandbox;
  const auto status = agent_->EnsureSandbox(&context, request, &sandbox);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return sandbox;
}

grpc::Status AgentFixture::Remove(const std::string& allocation) {
  grpc::ClientContext context;
  node::v1::RemoveSandboxRequest request;
  request.set_allocation_id(allocation);
  request.set_operation_id("op_release");
  node::v1::RemoveSandboxResponse response;
  return agent_->RemoveSandbox(&context, request, &response);
}

Output AgentFixture::Ssh(const node::v1::Sandbox& sandbox, const std::string& command, const std::string& key) {
  return Sh({"ssh",
             "-n",
             "-i",
             key.empty() ? key_ : key,
             "-o",
             "IdentitiesOnly=yes",
             "-o",
             "BatchMode=yes",
             "-o",
             "StrictHostKeyChecking=no",
             "-o",
             "UserKnownHostsFile=/dev/null",
             "-o",
             "LogLevel=ERROR",
             "-o",
             "ConnectTimeout=10",
             "-p",
             std::to_string(sandbox.ssh_port()),
             sandbox.user() + "@" + sandbox.host(),
             command});
}

}  // namespace gpuaas::testing
