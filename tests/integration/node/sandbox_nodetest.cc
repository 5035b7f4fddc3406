#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

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

// A stranger holds as many connections as it is given, and makes more; whose sandbox it is gets in all the same.
TEST_F(Sandboxes, StrangersCannotLockItsPeopleOut) {
  const auto sandbox = Ensure(RequestFor(first_, 0, 1));
  const auto dial = [&] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<in_port_t>(sandbox.ssh_port()));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{15, 0};  // less than an idle stranger is given
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  };
  const auto greeted = [](int fd) {
    char byte = 0;
    return ::read(fd, &byte, 1) == 1;
  };
  // Sessions do not have to make room.
  std::vector<int> strangers = {dial()};
  const Output session = Sh(
      {"sh", "-c",
       "ssh -nf -i " + key_ + " -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p " +
           std::to_string(sandbox.ssh_port()) + " " + sandbox.user() + "@127.0.0.1 'exec sleep 4646' >/dev/null 2>&1"});
  EXPECT_EQ(session.exit_code, 0);
  for (int i = 0; i < 150; ++i) {
    strangers.push_back(dial());
    EXPECT_TRUE(greeted(strangers.back()));
  }
  EXPECT_EQ(Ssh(sandbox, "pgrep -c -x sleep").out, "1");
  for (const int fd : strangers) ::close(fd);
}

// IPv6 may be missing altogether (ipv6.disable=1).
TEST_F(Sandboxes, ANodeNeedsNoIpv6) {
  StopAgent();
  Sh({"sh", "-c", "ip link del gb$(jq -r .instance " + state_dir_ + "/instance.json)"});
  run_by_ = "unshare --mount sh -c 'mount -t tmpfs none /proc/sys/net/ipv6 && exec \"$@\"' sh";
  StartAgent();
  agent_ = ClientAs("worker", "service");
  EXPECT_EQ(Ensure(RequestFor(first_, 0, 1)).gpu_uuids_size(), 1);
}

TEST_F(Sandboxes, TheKernelsRiskyPartsAreRefused) {
  const auto sandbox = Ensure(RequestFor(first_, 0, 1));
  EXPECT_THAT(Ssh(sandbox, "unshare --user true").out, HasSubstr("Operation not permitted"));
  EXPECT_EQ(Ssh(sandbox, "grep Seccomp: /proc/self/status | tr -d '[:space:]'").out, "Seccomp:2");
  const std::string script = R"(
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    libc.syscall(number, *arguments)
    return errno.errorcode.get(ctypes.get_errno(), "ok")
x86 = os.uname().machine == "x86_64"
for name, number in (("bpf", 321 if x86 else 280), ("keyctl", 250 if x86 else 219), ("userfaultfd", 323 if x86 else 282),
                     ("perf_event_open", 298 if x86 else 241), ("mount", 165 if x86 else 40), ("clone3", 435),
                     ("io_uring_setup", 425)):
    ctypes.set_errno(0)
    print(name, call(number, 0, 0, 0, 0, 0))
try:
    socket.socket(40, socket.SOCK_STREAM)
    print("vsock ok")
except PermissionError:
    print("vsock EPERM")
)";
  EXPECT_EQ(Ssh(sandbox, "python3 -c '" + script + "'").out,
            "bpf EPERM\nkeyctl EPERM\nuserfaultfd EPERM\nperf_event_open EPERM\nmount EPERM\nclone3 ENOSYS\n"
            "io_uring_setup ENOSYS\nvsock EPERM");
  // What people do goes on: threads, children, tracing one's own, a compiler where the node has one.
  EXPECT_EQ(Ssh(sandbox,
                "python3 -c 'import threading, subprocess, ctypes; t = threading.Thread(target=lambda: print(1)); "
                "t.start(); t.join(); print(subprocess.check_output([\"echo\", \"2\"], text=True).strip()); "
                "print(ctypes.CDLL(None).ptrace(0, 0, 0, 0))'")
                .out,
            "1\n2\n0");
  EXPECT_EQ(Ssh(sandbox,
                "command -v cc >/dev/null || { echo 42; exit; }; echo 'int main() { return 42; }' >a.c && cc a.c && "
                "{ ./a.out; echo $?; }")
                .out,
            "42");
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
