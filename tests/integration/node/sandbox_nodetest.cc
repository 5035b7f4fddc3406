#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "tests/integration/node/agent_fixture.h"

namespace gpuaas::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Sandboxes : public AgentFixture {
 protected:
  const std::string first_ = NewAllocationId();
  const std::string second_ = NewAllocationId();
};

TEST_F(Sandboxes, SshEntersASandboxWithItsGpusOnly) {
  const auto sandbox = Ensure(RequestFor(first_, 2, 3));
  EXPECT_EQ(sandbox.gpu_uuids_size(), 3);
  Output output = Ssh(sandbox, "echo $NVIDIA_VISIBLE_DEVICES; whoami; pwd");
  ASSERT_EQ(output.exit_code, 0) << output.out;
  EXPECT_EQ(output.out, gpus_[2].uuid() + "," + gpus_[3].uuid() + "," + gpus_[4].uuid() + "\n" + sandbox.user() +
                            "\n/home/" + sandbox.user());
  EXPECT_EQ(Ssh(sandbox, "cd /dev; echo nvidia*").out, "nvidia2 nvidia3 nvidia4");
  output = Ssh(sandbox, "nvidia-smi -L");
  EXPECT_EQ(output.out, "GPU 2: NVIDIA H200 (UUID: " + gpus_[2].uuid() + ")\nGPU 3: NVIDIA H200 (UUID: " +
                            gpus_[3].uuid() + ")\nGPU 4: NVIDIA H200 (UUID: " + gpus_[4].uuid() + ")");
  EXPECT_EQ(Ssh(sandbox, "bash -lc 'nvidia-smi --query-gpu=index,memory.total --format=csv,noheader'").out,
            "2, 144384 MiB\n3, 144384 MiB\n4, 144384 MiB");
}

TEST_F(Sandboxes, FilesAreTheirOwn) {
  const auto first = Ensure(RequestFor(first_, 0, 1));
  const auto second = Ensure(RequestFor(second_, 1, 1));
  EXPECT_EQ(Ssh(first, "echo secret >/tmp/note; echo secret >~/note; chmod 777 ~; ls -a /home").exit_code, 0);
  EXPECT_EQ(Ssh(second, "cat /tmp/note").exit_code, 1);
  EXPECT_EQ(Ssh(second, "ls /home").out, second.user());
  EXPECT_THAT(Ssh(second, "cat /etc/passwd").out, Not(HasSubstr(first.user())));
  EXPECT_NE(Ssh(second, "ls " + state_dir_).exit_code, 0);
  EXPECT_NE(Ssh(second, "touch /etc/x || touch /usr/x || touch /x").exit_code, 0);
  EXPECT_NE(Ssh(second, "cat /etc/shadow || cat /etc/gpuaas/ssh/host_key").exit_code, 0);
}

TEST_F(Sandboxes, ProcessesAreTheirOwn) {
  const auto first = Ensure(RequestFor(first_, 0, 1));
  const auto second = Ensure(RequestFor(second_, 1, 1));
  EXPECT_EQ(Ssh(first, "setsid sleep 4242 >/dev/null 2>&1 & echo").exit_code, 0);
  EXPECT_THAT(Ssh(first, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").out, HasSubstr("sleep 4242"));
  EXPECT_THAT(Ssh(second, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").out, Not(HasSubstr("sleep 4242")));
  // No way to more rights: nothing setuid works.
  EXPECT_EQ(Ssh(second, "grep NoNewPrivs /proc/self/status | tr -d '[:space:]'").out, "NoNewPrivs:1");
  EXPECT_EQ(Ssh(second, "grep CapEff /proc/self/status | tr -d '[:space:]'").out, "CapEff:0000000000000000");
}

// Whether bash inside the sandbox can open a connection there.
std::string Dial(const std::string& host, int port) {
  return "timeout 3 bash -c 'exec 3<>/dev/tcp/" + host + "/" + std::to_string(port) +
         "' && echo connected || echo refused";
}

TEST_F(Sandboxes, NoWayToTheNodeOrToNeighbours) {
  const auto first = Ensure(RequestFor(first_, 0, 1));
  const auto second = Ensure(RequestFor(second_, 1, 1));
  // A server on all of the node's addresses, as a control plane port would be.
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  socklen_t length = sizeof any;
  ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr*>(&any), length), 0);
  ASSERT_EQ(::listen(server, 8), 0);
  ::getsockname(server, reinterpret_cast<sockaddr*>(&any), &length);
  const int port = ntohs(any.sin_port);
  ASSERT_EQ(Sh({"bash", "-c", Dial("127.0.0.1", port)}).out, "connected");

  const Output addresses = Sh({"bash", "-c", "ip -4 -o addr show | awk '{print $4}' | cut -d/ -f1"});
  std::istringstream list(addresses.out);
  std::string address, attempts;
  int tried = 0;
  while (list >> address) {
    for (const int target : {port, port_, static_cast<int>(second.ssh_port())}) {
      attempts += "{ " + Dial(address, target) + "; } 2>&1 | tail -n 1 & ";
      ++tried;
    }
  }
  EXPECT_GE(tried, 6);  // loopback and the bridge at least
  const Output outcome = Ssh(first, attempts + "wait");
  EXPECT_THAT(outcome.out, Not(HasSubstr("connected")));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n') + 1, tried) << outcome.out;
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("(refused\n?)+"));

  // A neighbour's server, on the address that it has on the bridge.
  const std::string neighbour = Ssh(second, "hostname -I").out;
  const std::string ip = neighbour.substr(0, neighbour.find(' '));
  ASSERT_FALSE(ip.empty());
  const std::string listen =
      "exec 4< <(setsid python3 -c 'import socket; s = socket.socket(); s.bind((\"\", 8000)); s.listen(); "
      "print(1, flush=True); [s.accept() for _ in iter(int, 1)]' </dev/null 2>/dev/null); read -u 4; ";
  EXPECT_EQ(Ssh(second, listen + Dial(ip, 8000)).out, "connected");
  EXPECT_THAT(Ssh(first, Dial(ip, 8000)).out, Not(HasSubstr("connected")));
  // A tunnel ends inside the sandbox, too.
  const Output tunnel =
      Sh({"timeout", "30", "ssh", "-n", "-i", key_, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
          "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-W", "127.0.0.1:" + std::to_string(port), "-p",
          std::to_string(first.ssh_port()), first.user() + "@127.0.0.1"});
  EXPECT_THAT(tunnel.out, HasSubstr("forwarding failed"));
  ::close(server);
}

TEST_F(Sandboxes, EachOwnerChangesOnlyItsOwnKeys) {
  const auto sandbox = Ensure(RequestFor(first_, 0, 1));
  const std::string other = MakeKey("app");
  EXPECT_NE(Ssh(sandbox, "true", other).exit_code, 0);

  node::v1::SetAuthorizedKeysRequest request;
  request.set_allocation_id(first_);
  request.set_owner("app");
  auto* key = request.add_keys();
  key->set_key_id("key_2");
  key->set_public_key(Contents(other + ".pub").substr(0, Contents(other + ".pub").find('\n')));
  node::v1::SetAuthorizedKeysResponse response;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(agent_->SetAuthorizedKeys(&context, request, &response).ok());
  }
  EXPECT_EQ(Ssh(sandbox, "true", other).exit_code, 0);
  EXPECT_EQ(Ssh(sandbox, "true").exit_code, 0);
  request.clear_keys();
  {
    grpc::ClientContext context;
    ASSERT_TRUE(agent_->SetAuthorizedKeys(&context, request, &response).ok());
  }
  EXPECT_NE(Ssh(sandbox, "true", other).exit_code, 0);
  EXPECT_EQ(Ssh(sandbox, "true").exit_code, 0);
  key = request.add_keys();
  key->set_public_key("command=\"sh\" ssh-ed25519 AAAA\nssh-ed25519 AAAA");
  grpc::ClientContext context;
  EXPECT_EQ(agent_->SetAuthorizedKeys(&context, request, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(Sandboxes, OutliveTheAgent) {
  const auto before = Ensure(RequestFor(first_, 0, 2));
  ASSERT_EQ(Ssh(before, "setsid sleep 4343 >/dev/null 2>&1 & echo kept >/tmp/note").exit_code, 0);
  StopAgent();
  EXPECT_EQ(Ssh(before, "cat /tmp/note").out, "kept");
  StartAgent();
  agent_ = ClientAs("worker", "service");
  const auto after = Ensure(RequestFor(first_, 0, 2));
  EXPECT_EQ(after.ssh_port(), before.ssh_port());
  EXPECT_EQ(after.host_key_fingerprint(), before.host_key_fingerprint());
  EXPECT_EQ(Ssh(after, "cat /tmp/note; pgrep -c -f 'sleep 4343'").out, "kept\n1");
}

TEST_F(Sandboxes, RemovalLeavesNothing) {
  const auto sandbox = Ensure(RequestFor(first_, 0, 1));
  ASSERT_EQ(Ssh(sandbox, "setsid sleep 4444 >/dev/null 2>&1 & mkdir -p ~/a/b; touch ~/a/b/c").exit_code, 0);
  const std::string uid = Sh({"id", "-u", sandbox.user()}).out;
  ASSERT_TRUE(Remove(first_).ok());
  EXPECT_NE(Sh({"id", sandbox.user()}).exit_code, 0);
  EXPECT_NE(Sh({"getent", "group", sandbox.user()}).exit_code, 0);
  EXPECT_EQ(Sh({"pgrep", "-U", uid}).out, "");
  EXPECT_EQ(Sh({"ls", state_dir_ + "/sandboxes"}).out, "");
  const std::string instance = Sh({"jq", "-r", ".instance", state_dir_ + "/instance.json"}).out;
  EXPECT_THAT(Sh({"ip", "netns"}).out, Not(HasSubstr(instance)));
  EXPECT_THAT(Sh({"ip", "link"}).out, Not(HasSubstr("gv" + instance)));
  EXPECT_EQ(Sh({"bash", "-c", "ls -d /sys/fs/cgroup/*/gpuaas-" + instance + "/[0-9]* 2>/dev/null"}).out, "");
  EXPECT_NE(Ssh(sandbox, "true").exit_code, 0);

  // The same orders again, late and out of order.
  EXPECT_TRUE(Remove(first_).ok());
  grpc::ClientContext context;
  node::v1::Sandbox ignored;
  EXPECT_EQ(agent_->EnsureSandbox(&context, RequestFor(first_, 0, 1), &ignored).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_TRUE(Remove(second_).ok());  // never was here
}

// Deeper than any path may be long and than the agent may have files open.
TEST_F(Sandboxes, AHomeCannotBeMadeToStay) {
  const auto sandbox = Ensure(RequestFor(first_, 0, 1));
  const Output made = Ssh(sandbox, "python3 -c \"import os;[(os.mkdir('d'), os.chdir('d')) for _ in range(3000)]\"");
  ASSERT_EQ(made.exit_code, 0) << made.out;
  const grpc::Status removed = Remove(first_);
  EXPECT_TRUE(removed.ok()) << removed.error_message();
  EXPECT_EQ(Ensure(RequestFor(second_, 0, 1)).gpu_uuids_size(), 1);
  EXPECT_EQ(Sh({"ls", state_dir_ + "/sandboxes"}).out, second_);
}

TEST_F(Sandboxes, AGpuIsHeldByOneOnly) {
  Ensure(RequestFor(first_, 0, 2));
  grpc::ClientContext context;
  node::v1::Sandbox ignored;
  EXPECT_EQ(agent_->EnsureSandbox(&context, RequestFor(second_, 1, 2), &ignored).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  ASSERT_TRUE(Remove(first_).ok());
  EXPECT_EQ(Ensure(RequestFor(second_, 1, 2)).gpu_uuids_size(), 2);
}

TEST_F(Sandboxes, MemoryIsLimitedWhereTheKernelCan) {
  auto request = RequestFor(first_, 0, 1);
  request.set_memory_bytes(96u << 20);
  request.set_cpus(1);
  const auto sandbox = Ensure(request);
  if (Contents(folder_ + "/agent.log").find("not_limited") != std::string::npos) GTEST_SKIP() << "not by this kernel";
  EXPECT_EQ(Ssh(sandbox, "head -c 20000000 /dev/zero | tail | wc -c").out, "20000000");
  EXPECT_NE(Ssh(sandbox, "head -c 300000000 /dev/zero | tail | wc -c").out, "300000000");
  EXPECT_EQ(Ssh(sandbox, "echo still here").out, "still here");
}

TEST_F(Sandboxes, OnlyServicesGiveOrders) {
  for (const auto& [name, unit] : {std::pair{"node_other", "node"}, {"worker", "node"}, {"stranger", "service"}}) {
    grpc::ClientContext context;
    node::v1::Inventory inventory;
    EXPECT_EQ(ClientAs(name, unit)->GetInventory(&context, {}, &inventory).error_code(),
              grpc::StatusCode::PERMISSION_DENIED)
        << name << " " << unit;
  }
}

TEST_F(Sandboxes, EvidenceTellsWhatRan) {
  Ensure(RequestFor(first_, 0, 1));
  ASSERT_TRUE(Remove(first_).ok());
  grpc::ClientContext context;
  node::v1::ListEvidenceRequest request;
  node::v1::ListEvidenceResponse response;
  ASSERT_TRUE(agent_->ListEvidence(&context, request, &response).ok());
  ASSERT_EQ(response.entries_size(), 2);
  EXPECT_EQ(response.entries(0).kind(), "started");
  EXPECT_EQ(response.entries(1).kind(), "stopped");
  EXPECT_EQ(response.entries(1).sequence(), 2u);
  EXPECT_EQ(response.entries(1).gpu_uuids(0), gpus_[0].uuid());
  EXPECT_FALSE(response.entries(0).boot_id().empty());
}

}  // namespace
}  // namespace gpuaas::testing
