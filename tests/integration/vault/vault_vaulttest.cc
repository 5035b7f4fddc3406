#include <gmock/gmock.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "domain/status.h"
#include "nlohmann/json.hpp"
#include "platform/http_client/http_client.h"
#include "platform/tls/tls.h"
#include "platform/vault/vault.h"

namespace gpuaas::platform {
namespace {

using nlohmann::json;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A call with a token of its own, past the adapter under test.
HttpResult Raw(const std::string& address, const std::string& token, const std::string& method, const std::string& path,
               const json& body = json::object()) {
  HttpClient http;
  HttpRequest request;
  request.method = method;
  request.url = address + "/v1/" + path;
  request.headers = {{"X-Vault-Token", token}};
  if (method != "GET") request.body = body.dump();
  return http.Send(request);
}

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

// The server that deploy/vault/setup has prepared.
class VaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (address_.empty() || root_token_.empty())
      GTEST_SKIP() << "GPUAAS_VAULT_ADDR and GPUAAS_TEST_VAULT_TOKEN are not set";
  }

  std::unique_ptr<Vault> Root() { return NewVault({.address = address_, .token = root_token_}); }
  std::unique_ptr<Vault> As(const std::string& role) {
    return NewVault({.address = address_,
                     .role_id_file = secrets_ + "/vault-" + role + "-role-id",
                     .secret_id_file = secrets_ + "/vault-" + role + "-secret-id"});
  }

  const std::string address_ = Variable("GPUAAS_VAULT_ADDR");
  const std::string root_token_ = Variable("GPUAAS_TEST_VAULT_TOKEN");
  const std::string secrets_ = Variable("GPUAAS_TEST_SECRETS_DIR");
};

TEST_F(VaultTest, KeepsSecrets) {
  auto vault = Root();
  const std::string path = "gpuaas/test/" + std::to_string(::getpid());
  EXPECT_EQ(ErrorCodeOf(vault->ReadSecret(path).status()), ErrorCode::kNotFound);
  ASSERT_TRUE(vault->WriteSecret(path, {{"user", "a"}, {"password", "b\n\"c"}}).ok());
  EXPECT_THAT(*vault->ReadSecret(path),
              ::testing::ElementsAre(std::pair("password", "b\n\"c"), std::pair("user", "a")));
  ASSERT_TRUE(vault->WriteSecret(path, {{"user", "z"}}).ok());
  EXPECT_EQ(vault->ReadSecret(path)->size(), 1u);
  ASSERT_TRUE(vault->DeleteSecret(path).ok());
  ASSERT_TRUE(vault->DeleteSecret(path).ok());
  EXPECT_EQ(ErrorCodeOf(vault->ReadSecret(path).status()), ErrorCode::kNotFound);
}

TEST_F(VaultTest, SignsAndVerifies) {
  auto vault = Root();
  const auto signature = vault->SignRs256("jwt-signing", "header.payload");
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_EQ(signature->bytes.size(), 256u);
  EXPECT_EQ(*vault->VerifyRs256("jwt-signing", "header.payload", *signature), true);
  EXPECT_EQ(*vault->VerifyRs256("jwt-signing", "header.payloae", *signature), false);
  const auto keys = vault->PublicKeys("jwt-signing");
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->back().version, signature->key_version);
  EXPECT_THAT(keys->back().pem, ::testing::StartsWith("-----BEGIN PUBLIC KEY-----"));
  EXPECT_EQ(ErrorCodeOf(vault->SignRs256("no-such-key", "x").status()), ErrorCode::kNotFound);
  EXPECT_EQ(ErrorCodeOf(vault->PublicKeys("no-such-key").status()), ErrorCode::kNotFound);
}

TEST_F(VaultTest, DerivesTheSameSecretEachTime) {
  auto vault = Root();
  const auto first = vault->Hmac("derive", "enr_1");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->bytes.size(), 32u);
  EXPECT_EQ(vault->Hmac("derive", "enr_1")->bytes, first->bytes);
  EXPECT_NE(vault->Hmac("derive", "enr_2")->bytes, first->bytes);
  EXPECT_TRUE(*vault->VerifyHmac("derive", "enr_1", *first));
  EXPECT_FALSE(*vault->VerifyHmac("derive", "enr_2", *first));
}

TEST_F(VaultTest, SignsNodeCertificatesForTheNameOfTheNodeAlone) {
  auto vault = As("api");
  const std::string key = *GenerateKey();
  const std::string csr = *MakeCsr(key, "whoever", {"evil.example", "localhost", "127.0.0.1"});
  const auto certificate = vault->SignCsr({.role = "node", .common_name = "node_01J", .dns_names = {"node-01j"}}, csr);
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  const auto info = *ParseCertificate(certificate->certificate_pem);
  EXPECT_EQ(info.common_name, "node_01J");
  EXPECT_THAT(info.organizational_units, ::testing::ElementsAre("node"));
  EXPECT_THAT(info.names, ::testing::ElementsAre("node-01j"));
  const std::vector<CertificateRequest> others = {
      {.role = "node", .common_name = "localhost"},
      {.role = "node", .common_name = "node_01J", .dns_names = {"node-01j", "localhost"}},
      {.role = "node", .common_name = "node_01J", .dns_names = {"gpu-1.example"}},
      {.role = "node", .common_name = "node_01J", .ip_addresses = {"127.0.0.1"}}};
  for (const CertificateRequest& other : others) {
    EXPECT_EQ(ErrorCodeOf(vault->SignCsr(other, csr).status()), ErrorCode::kInvalidArgument);
  }
  EXPECT_GT(certificate->expires_at, std::chrono::system_clock::now() + std::chrono::hours(6 * 24));
  EXPECT_EQ(info.serial, certificate->serial);
  EXPECT_EQ(*vault->CaCertificate(), certificate->ca_pem);
  EXPECT_EQ(ErrorCodeOf(vault->SignCsr({.role = "node", .common_name = "node_1"}, "no request").status()),
            ErrorCode::kInvalidArgument);
  const auto service = vault->IssueCertificate({.role = "service", .common_name = "api"});
  ASSERT_TRUE(service.ok()) << service.status();
  EXPECT_THAT(service->private_key_pem, ::testing::HasSubstr("PRIVATE KEY"));
}

TEST_F(VaultTest, RolesMayDoTheirOwnOnly) {
  auto worker = As("worker");
  ASSERT_TRUE(worker->Check().ok()) << worker->Check();
  EXPECT_EQ(ErrorCodeOf(worker->SignRs256("jwt-signing", "x").status()), ErrorCode::kVaultDenied);
  EXPECT_EQ(ErrorCodeOf(worker->WriteSecret("gpuaas/pepper", {{"value", "x"}})), ErrorCode::kVaultDenied);
  EXPECT_EQ(ErrorCodeOf(worker->IssueCertificate({.role = "service", .common_name = "api"}).status()),
            ErrorCode::kVaultDenied);
  EXPECT_TRUE(worker->IssueCertificate({.role = "service", .common_name = "worker"}).ok());
}

TEST_F(VaultTest, LogsInAgainWhenItsTokenIsGone) {
  auto api = As("api");
  ASSERT_TRUE(api->Hmac("derive", "x").ok());
  ASSERT_EQ(Raw(address_, root_token_, "PUT", "sys/leases/revoke-prefix/auth/approle/login")->status / 100, 2);
  EXPECT_TRUE(api->Hmac("derive", "x").ok());
}

TEST_F(VaultTest, WrongCredentialsAreDenied) {
  EXPECT_EQ(ErrorCodeOf(NewVault({.address = address_, .token = "no-such-token"})->Check()), ErrorCode::kVaultDenied);
  auto nobody = NewVault({.address = address_, .role_id_file = "/nonexistent", .secret_id_file = "/nonexistent"});
  EXPECT_EQ(ErrorCodeOf(nobody->Check()), ErrorCode::kVaultDenied);
  auto swapped = NewVault({.address = address_,
                           .role_id_file = secrets_ + "/vault-api-role-id",
                           .secret_id_file = secrets_ + "/vault-worker-secret-id"});
  const absl::Status status = swapped->Check();
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kVaultDenied);
  std::string secret;
  std::ifstream(secrets_ + "/vault-worker-secret-id") >> secret;
  EXPECT_EQ(std::string(status.message()).find(secret), std::string::npos);
}

TEST_F(VaultTest, ManyThreadsShareOneLogin) {
  auto api = As("api");
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) good += api->Hmac("derive", "x").ok() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 160);
}

TEST(VaultUnreachable, IsUnavailable) {
  EXPECT_EQ(ErrorCodeOf(NewVault({.address = "http://127.0.0.1:1", .token = "x"})->Check()),
            ErrorCode::kVaultUnavailable);
}

// A server of its own, because it is sealed for good.
TEST(VaultSealed, IsSaidSo) {
  std::string bao = Variable("GPUAAS_CACHE_DIR");
  bao = (bao.empty() ? Variable("HOME") + "/.cache/gpuaas" : bao) + "/bin/bao";
  if (!std::filesystem::exists(bao)) GTEST_SKIP() << bao << " is not there";
  char home[] = "/tmp/gpuaas-sealed.XXXXXX";
  ASSERT_NE(::mkdtemp(home), nullptr);
  const std::string at = "127.0.0.1:" + std::to_string(FreePort());
  const std::string address = "http://" + at;
  const std::string command =
      "HOME=" + std::string(home) + " exec " + bao +
      " server -dev -dev-root-token-id=root-of-test -dev-no-store-token -dev-listen-address=" + at + " >/dev/null 2>&1";
  const char* argv[] = {"sh", "-c", command.c_str(), nullptr};
  pid_t server = 0;
  ASSERT_EQ(::posix_spawn(&server, "/bin/sh", nullptr, nullptr, const_cast<char**>(argv), environ), 0);
  HttpClient http;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto up = [&] {
    const HttpResult health = http.Send({.url = address + "/v1/sys/health"});
    return health.ok() && health->status == 200;
  };
  while (!up() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  auto vault = NewVault({.address = address, .token = "root-of-test"});
  EXPECT_TRUE(vault->Check().ok()) << vault->Check();
  EXPECT_EQ(Raw(address, "root-of-test", "PUT", "sys/seal")->status / 100, 2);
  EXPECT_EQ(ErrorCodeOf(vault->Check()), ErrorCode::kVaultSealed);
  EXPECT_EQ(ErrorCodeOf(vault->ReadSecret("x").status()), ErrorCode::kVaultSealed);
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  std::filesystem::remove_all(home);
}

}  // namespace
}  // namespace gpuaas::platform
