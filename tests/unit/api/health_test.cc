#include "api/ops/health.h"

#include <future>
#include <thread>
#include <vector>

#include "domain/status.h"
#include "gmock/gmock.h"
#include "tests/mocks/api/test_api.h"

namespace gpuaas::api {
namespace {

using namespace std::chrono_literals;
using tests::ApiAnswer;
using tests::TestApi;

TEST(ProbeTest, TellsTheLatestResult) {
  std::promise<void> again;
  int asked = 0;
  Probe probe([&] {
    if (++asked == 1) return absl::OkStatus();
    if (asked == 2) again.set_value();
    return MakeError(ErrorCode::kVaultSealed, "sealed");
  });
  EXPECT_TRUE(probe.Latest().status.ok());
  again.get_future().wait();
  while (probe.Latest().status.ok()) std::this_thread::yield();
  EXPECT_EQ(ErrorCodeOf(probe.Latest().status), ErrorCode::kVaultSealed);
  EXPECT_LT(probe.Latest().age, 20s);
}

TEST(HealthTest, ASecretStoreThatHangsHoldsUpNobody) {
  std::promise<void> woken;
  const std::shared_future<void> wakes = woken.get_future().share();
  platform::Database nowhere{platform::DatabaseOptions("postgresql://127.0.0.1:1/nowhere")};
  TestApi api(nowhere);
  api.vault.hang = [wakes] { wakes.wait(); };
  std::vector<std::future<ApiAnswer>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.push_back(std::async(std::launch::async, [&api] { return api.Send("GET", "/health"); }));
  }
  for (auto& answer : answers) {
    const ApiAnswer health = answer.get();  // never, if one waited for the secret store
    EXPECT_EQ(health.status, 503);
    EXPECT_EQ(health.body["queue"], "healthy");
    EXPECT_EQ(health.body["components"]["workflow_service"]["status"], "ok");
    EXPECT_EQ(health.body["components"]["secret_store"]["status"], "unavailable");
    EXPECT_EQ(health.body["components"]["secret_store"]["message"], InfoOf(ErrorCode::kUnavailable).meaning);
  }
  EXPECT_EQ(api.Send("GET", "/health/ready").status, 503);  // of the database alone, which is nowhere
  woken.set_value();
}

}  // namespace
}  // namespace gpuaas::api
