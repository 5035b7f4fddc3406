// The program itself: processes, signals and files as a user meets them. The server is a socket on a port of its own.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "cli/core/home.h"
#include "cli/core/pending.h"
#include "cli/render/json.h"

namespace gpuaas::cli {
namespace {

using ::testing::HasSubstr;

// Accepts connections one after the other, reads one request of each and lets `serve` answer it.
class OneShotServer {
 public:
  explicit OneShotServer(std::function<std::string(const std::string& request)> serve) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 8);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, serve = std::move(serve)] { Serve(serve); });
  }
  ~OneShotServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  const std::string& url() const { return url_; }

 private:
  void Serve(const std::function<std::string(const std::string&)>& serve) {
    for (int client = accept(listener_, nullptr, nullptr); client >= 0; client = accept(listener_, nullptr, nullptr)) {
      std::string request;
      char buffer[4096];
      while (!IsWhole(request)) {
        const ssize_t got = read(client, buffer, sizeof buffer);
        if (got <= 0) break;
        request.append(buffer, static_cast<std::size_t>(got));
      }
      const std::string answer = serve(request);
      [[maybe_unused]] const ssize_t sent = send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(client);
    }
  }
  static bool IsWhole(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::size_t length = request.find("Content-Length: ");
    return length == std::string::npos || request.size() - end - 4 >= std::stoul(request.substr(length + 16));
  }

  int listener_;
  std::string url_;
  std::thread thread_;
};

class BinaryTest : public ::testing::Test {
 protected:
  BinaryTest() {
    std::string name = (std::filesystem::temp_directory_path() / "gpuaas-binary-test.XXXXXX").string();
    home_ = mkdtemp(name.data());
  }
  ~BinaryTest() override { std::filesystem::remove_all(home_); }

  pid_t Start(std::vector<std::string> arguments, const std::string& url) {
    const pid_t child = fork();
    if (child != 0) return child;
    setenv("GPUAAS_HOME", home_.c_str(), 1);
    setenv("GPUAAS_TOKEN", "token", 1);
    setenv("GPUAAS_URL", url.c_str(), 1);
    if (freopen((home_ / "out").c_str(), "w", stdout) == nullptr ||
        freopen((home_ / "err").c_str(), "w", stderr) == nullptr)
      _exit(99);
    std::vector<char*> argv = {const_cast<char*>("gpuaas")};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(GPUAAS_BINARY, argv.data());
    _exit(99);
  }
  static int ExitOf(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string Text(const char* name) { return ReadFile(home_ / name).value_or(""); }

  const std::vector<std::string> kCreate = {
      "allocations",       "create",    "--sku", "s", "--region", "r", "--ssh-key-id", "key_01J8ZZZZZZZZZZZZZZZZZZZZZZ",
      "--idempotency-key", "my-run-001"};
  std::filesystem::path home_;
};

std::string HttpAnswer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(BinaryTest, AnswersInJson) {
  OneShotServer server([](const std::string& request) {
    EXPECT_THAT(request, HasSubstr("GET /api/v1/allocations?limit=50 HTTP/1.1"));
    return HttpAnswer(R"({"items": [], "next_cursor": null})");
  });
  EXPECT_EQ(ExitOf(Start({"allocations", "list", "-o", "json"}, server.url())), 0) << Text("err");
  EXPECT_EQ(Json::parse(Text("out"))["items"], Json::array());
}

TEST_F(BinaryTest, InterruptedSubmitNamesItsKeyAndCanBeResumed) {
  pid_t child = 0;
  bool killed = false;
  std::string first, second;
  OneShotServer server([&](const std::string& request) -> std::string {
    if (!killed) {  // the request is here, its answer never goes out
      killed = true;
      first = request;
      kill(child, SIGINT);
      siginfo_t info{};
      waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
      return {};
    }
    second = request;
    return HttpAnswer(R"({"id": "alloc_1", "state": "requested"})");
  });
  child = Start(kCreate, server.url());
  EXPECT_EQ(ExitOf(child), 130);
  EXPECT_THAT(Text("err"), HasSubstr("outcome unknown"));
  EXPECT_THAT(Text("err"), HasSubstr("gpuaas pending resume my-run-001"));
  const PendingStore store(home_ / "pending");
  ASSERT_TRUE(store.Find("my-run-001"));
  EXPECT_FALSE(store.Find("my-run-001")->running);

  EXPECT_EQ(ExitOf(Start({"pending", "resume", "my-run-001"}, server.url())), 0) << Text("err");
  EXPECT_THAT(second, HasSubstr("X-Idempotency-Key: my-run-001"));
  EXPECT_EQ(first.substr(first.find("\r\n\r\n")), second.substr(second.find("\r\n\r\n")));
  EXPECT_FALSE(store.Find("my-run-001"));
}

TEST_F(BinaryTest, KilledSubmitLeavesItsRequest) {
  pid_t child = 0;
  OneShotServer server([&](const std::string&) -> std::string {
    kill(child, SIGKILL);
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    return {};
  });
  child = Start(kCreate, server.url());
  EXPECT_EQ(ExitOf(child), -SIGKILL);
  const auto listed = PendingStore(home_ / "pending").Find("my-run-001");
  ASSERT_TRUE(listed);
  EXPECT_FALSE(listed->running);
  EXPECT_EQ(listed->request.pid, child);
}

TEST_F(BinaryTest, TraceShowsNoSecrets) {
  OneShotServer server(
      [](const std::string&) { return HttpAnswer(R"({"items": [{"name": "canary-body"}], "next_cursor": null})"); });
  setenv("GPUAAS_DEBUG", "api", 1);
  EXPECT_EQ(ExitOf(Start({"allocations", "list", "-o", "none", "--cursor", "canary-query"}, server.url())), 0);
  unsetenv("GPUAAS_DEBUG");
  EXPECT_THAT(Text("err"), HasSubstr("> GET"));
  EXPECT_THAT(Text("err"), ::testing::Not(HasSubstr("Bearer")));
  EXPECT_THAT(Text("err"), ::testing::Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace gpuaas::cli
