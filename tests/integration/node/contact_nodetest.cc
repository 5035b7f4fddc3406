#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "nlohmann/json.hpp"
#include "tests/integration/node/agent_fixture.h"

namespace gpuaas::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// An agent that enrols itself with a control plane of ours.
class Contact : public AgentFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    Prepare();
    Issue("edge", "localhost", "edge");
    edge_port_ = FreePort();
    StartEdge();
  }

  void TearDown() override {
    if (edge_ > 0) {
      ::kill(edge_, SIGKILL);
      ::waitpid(edge_, nullptr, 0);
    }
    AgentFixture::TearDown();
  }

  void StartEdge() {
    const std::string port = std::to_string(edge_port_);
    const char* argv[] = {"python3", GPUAAS_FAKE_EDGE, port.c_str(), folder_.c_str(), nullptr};
    ASSERT_EQ(::posix_spawnp(&edge_, "python3", nullptr, nullptr, const_cast<char**>(argv), environ), 0);
    ASSERT_TRUE(Eventually([&] { return Sh({"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/" + port}).exit_code == 0; }));
  }

  Output Enrol(const std::string& token) {
    return Sh({"sh", "-c",
               "printf '%s\\n' \"$0\" | " + std::string(GPUAAS_NODE_AGENT) + " enrol --url https://localhost:" +
                   std::to_string(edge_port_) + " --ca-file " + folder_ + "/ca.pem --state-dir " + state_dir_ +
                   " --inventory " + folder_ + "/inventory.yaml --listen 127.0.0.1:" + std::to_string(port_) +
                   " --advertise localhost:" + std::to_string(port_),
               token});
  }

  // The certificate in use becomes one that was made long ago and ends then (as `date -d` reads it); serial 1000.
  void ReplaceCertificate(const std::string& end) {
    const std::string tls = state_dir_ + "/tls/current";
    std::ofstream(folder_ + "/ca.cnf")
        << "[ca]\ndefault_ca=x\n[x]\ndatabase=" << folder_ << "/index\nserial=" << folder_
        << "/serial\nnew_certs_dir=" << folder_
        << "\ndefault_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n"
           "organizationalUnitName=optional\n[san]\nsubjectAltName=DNS:node_test\n";
    std::ofstream(folder_ + "/index") << "";
    std::ofstream(folder_ + "/serial") << "1000\n";
    const Output made =
        Sh({"sh", "-c",
            "cd " + folder_ + " && openssl req -new -key " + tls +
                "/key.pem -subj /OU=node/CN=node_test -out old.csr && openssl ca -batch -notext "
                "-config ca.cnf -extensions san -cert ca.pem -keyfile ca.key -in old.csr -out " +
                tls + "/cert.pem -startdate 20200101000000Z -enddate $(date -u -d '" + end + "' +%Y%m%d%H%M%SZ)"});
    ASSERT_EQ(made.exit_code, 0) << made.out;
  }

  void Run() {
    StartAgent();
    agent_ = ClientAs("worker", "service");
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    node::v1::Inventory inventory;
    const auto status = agent_->GetInventory(&context, {}, &inventory);
    ASSERT_TRUE(status.ok()) << status.error_message();
    gpus_.assign(inventory.gpus().begin(), inventory.gpus().end());
  }

  std::vector<json> Requests(const std::string& path) {
    std::vector<json> found;
    std::ifstream file(folder_ + "/requests.jsonl");
    std::string line;
    while (std::getline(file, line)) {
      json request = json::parse(line, nullptr, false);
      if (request.is_object() && request["path"] == path) found.push_back(std::move(request));
    }
    return found;
  }

  // Polls, each round costing a process or a file: bounded by time, not by rounds.
  template <class Condition>
  bool Eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::vector<std::string> Evidence() {
    grpc::ClientContext context;
    node::v1::ListEvidenceResponse response;
    agent_->ListEvidence(&context, {}, &response);
    std::vector<std::string> kinds;
    for (const auto& entry : response.entries()) kinds.push_back(entry.kind());
    return kinds;
  }

  int edge_port_ = 0;
  pid_t edge_ = 0;
};

TEST_F(Contact, EnrolsOnceWithAKeyThatStays) {
  EXPECT_NE(Enrol("wrong").exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(state_dir_ + "/node.json"));
  const Output enrolled = Enrol("good");
  ASSERT_EQ(enrolled.exit_code, 0) << enrolled.out;
  EXPECT_EQ(enrolled.out, "node_test");
  struct stat info{};
  ASSERT_EQ(::stat((state_dir_ + "/tls/current/key.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto requests = Requests("/agent/v1/enrol");
  ASSERT_EQ(requests.size(), 2u);
  const json& body = requests.back()["body"];
  EXPECT_EQ(body["advertise_address"], "localhost:" + std::to_string(port_));
  EXPECT_EQ(body["inventory"]["gpus"].size(), 8u);
  EXPECT_THAT(body.dump(), ::testing::Not(HasSubstr("PRIVATE KEY")));
  const Output again = Enrol("good");
  EXPECT_NE(again.exit_code, 0);
  EXPECT_THAT(again.out, HasSubstr("used"));
}

TEST_F(Contact, AnAnswerThatWasLostIsAskedForAgainWithTheSameKey) {
  std::ofstream(folder_ + "/lose") << "";
  EXPECT_NE(Enrol("good").exit_code, 0);
  EXPECT_EQ(Enrol("good").exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(state_dir_ + "/tls/pending.pem"));
}

TEST_F(Contact, HeartbeatsTellWhatRuns) {
  ASSERT_EQ(Enrol("good").exit_code, 0);
  Run();
  const std::string allocation = NewAllocationId();
  Ensure(RequestFor(allocation, 0, 2));
  ASSERT_TRUE(Eventually([&] {
    const auto beats = Requests("/agent/v1/heartbeat");
    if (beats.size() < 2 || beats.back()["body"]["sandboxes"].empty()) return false;
    return beats.back()["body"]["sandboxes"][0]["running"] == true;
  }));
  const auto beats = Requests("/agent/v1/heartbeat");
  EXPECT_EQ(beats.front()["peer"], "node_test");
  EXPECT_TRUE(beats.front()["body"].contains("inventory"));
  EXPECT_FALSE(beats.back()["body"].contains("inventory"));  // it was told once
  EXPECT_EQ(beats.back()["body"]["inventory_digest"], beats.front()["body"]["inventory_digest"]);
  const json sandbox = beats.back()["body"]["sandboxes"][0];
  EXPECT_EQ(sandbox["allocation_id"], allocation);
  EXPECT_EQ(sandbox["gpu_uuids"].size(), 2u);
  EXPECT_EQ(sandbox["running"], true);
}

TEST_F(Contact, TheInventoryIsToldAgainWhenItIsAskedFor) {
  ASSERT_EQ(Enrol("good").exit_code, 0);
  Run();
  const auto told = [&] {
    const auto beats = Requests("/agent/v1/heartbeat");
    return std::count_if(beats.begin(), beats.end(),
                         [](const json& beat) { return beat["body"].contains("inventory"); });
  };
  ASSERT_TRUE(Eventually([&] { return Requests("/agent/v1/heartbeat").size() >= 2; }));
  EXPECT_EQ(told(), 1);
  std::ofstream(folder_ + "/forgotten") << "";
  EXPECT_TRUE(Eventually([&] { return told() == 2; }));
}

TEST_F(Contact, ANodeThatIsCutOffStopsEverythingAndComesBack) {
  ASSERT_EQ(Enrol("good").exit_code, 0);
  Run();
  const auto sandbox = Ensure(RequestFor(NewAllocationId(), 0, 1));
  ASSERT_EQ(Ssh(sandbox, "echo kept >~/note").exit_code, 0);
  ASSERT_TRUE(Eventually([&] { return Requests("/agent/v1/heartbeat").size() >= 2; }));
  std::ofstream(folder_ + "/silent") << "";
  ASSERT_TRUE(Eventually([&] { return Evidence() == std::vector<std::string>{"started", "stopped"}; }));
  EXPECT_NE(Ssh(sandbox, "true").exit_code, 0);
  std::filesystem::remove(folder_ + "/silent");
  ASSERT_TRUE(Eventually([&] { return Evidence().size() >= 3; }));
  EXPECT_EQ(Ssh(sandbox, "cat ~/note").out, "kept");  // same user, port, key and home
}

// Nobody is left to fence it: the control plane will give its GPUs away all the same.
TEST_F(Contact, SandboxesEndWithoutAnAgentToEndThem) {
  ASSERT_EQ(Enrol("good").exit_code, 0);
  Run();
  const auto sandbox = Ensure(RequestFor(NewAllocationId(), 0, 1));
  ASSERT_EQ(Ssh(sandbox, "setsid sleep 4545 >/dev/null 2>&1 & echo kept >~/note").exit_code, 0);
  ASSERT_TRUE(Eventually([&] { return Requests("/agent/v1/heartbeat").size() >= 2; }));
  const std::string uid = Sh({"id", "-u", sandbox.user()}).out;
  StopAgent();
  EXPECT_TRUE(Eventually([&] { return Sh({"pgrep", "-U", uid}).out.empty(); }));
  EXPECT_NE(Ssh(sandbox, "true").exit_code, 0);
  Run();
  EXPECT_TRUE(Eventually([&] { return Ssh(sandbox, "cat ~/note").out == "kept"; }));  // contact is back
}

// As the real driver would: heartbeats go on, with what is known.
TEST_F(Contact, AFaultyDriverKeepsNoHeartbeatBack) {
  ASSERT_EQ(Enrol("good").exit_code, 0);
  std::filesystem::create_symlink(GPUAAS_FAKE_NVML, folder_ + "/libnvidia-ml.so.1");
  std::filesystem::remove(state_dir_ + "/inventory.yaml");
  std::filesystem::remove(folder_ + "/inventory.yaml");
  const std::string mood = folder_ + "/mood";
  std::ofstream(mood) << "lost";
  run_by_ = "env LD_LIBRARY_PATH=" + folder_ + " FAKE_NVML=" + mood;
  Run();
  ASSERT_TRUE(Eventually([&] { return !Requests("/agent/v1/heartbeat").empty(); }));
  EXPECT_EQ(Requests("/agent/v1/heartbeat").front()["body"]["inventory"]["gpus"].size(), 1u);
  StopAgent();
  std::ofstream(mood) << "hang";  // from the start: nothing is known
  const std::size_t before = Requests("/agent/v1/heartbeat").size();
  StartAgent();
  EXPECT_TRUE(Eventually([&] { return Requests("/agent/v1/heartbeat").size() > before + 1; }));
  EXPECT_FALSE(Requests("/agent/v1/heartbeat").back()["body"].contains("inventory"));
  std::ofstream(mood) << "well";
}

TEST_F(Contact, TheCertificateIsRenewedAndServedWithoutARestart) {
  ASSERT_EQ(Enrol("good").exit_code, 0);
  ReplaceCertificate("+1 hour");
  const auto serial_served = [&] {
    return Sh({"bash", "-c",
               "openssl s_client -connect 127.0.0.1:" + std::to_string(port_) +
                   " </dev/null 2>/dev/null | openssl x509 -noout -serial"})
        .out;
  };
  Run();
  ASSERT_TRUE(Eventually([&] { return !Requests("/agent/v1/renew").empty(); }));
  EXPECT_TRUE(Eventually([&] { return serial_served() != "serial=1000"; }));
  agent_ = ClientAs("worker", "service");
  EXPECT_TRUE(Remove(NewAllocationId()).ok());
  const std::size_t beats = Requests("/agent/v1/heartbeat").size();
  EXPECT_TRUE(Eventually([&] { return Requests("/agent/v1/heartbeat").size() > beats; }));
  EXPECT_EQ(Requests("/agent/v1/renew").size(), 1u);
}

TEST_F(Contact, ANodeComesBackAfterItsCertificateHasEnded) {
  ASSERT_EQ(Enrol("good").exit_code, 0);
  ReplaceCertificate("-1 hour");
  std::ofstream(folder_ + "/lose") << "";  // and the first answer is lost
  Run();
  EXPECT_TRUE(Eventually([&] { return !Requests("/agent/v1/heartbeat").empty(); }));
  EXPECT_EQ(Requests("/agent/v1/heartbeat").front()["peer"], "node_test");
  const auto renewals = Requests("/agent/v1/renew");
  ASSERT_EQ(renewals.size(), 2u);
  EXPECT_EQ(renewals[0]["peer"], "") << "the edge takes no certificate that has ended";
}

}  // namespace
}  // namespace gpuaas::testing
