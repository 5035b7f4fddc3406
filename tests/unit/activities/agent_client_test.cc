#include "activities/nodes/agent_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <thread>

#include "domain/status.h"
#include "gpuaas/node/v1/node_agent.pb.h"
#include "tests/mocks/nodes/fake_agent.h"
#include "tests/mocks/nodes/test_pki.h"

namespace gpuaas::activities {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AgentClientTest : public ::testing::Test {
 protected:
  // A client whose certificates live so long, from the authority that signed the agent's.
  std::unique_ptr<AgentClient> NewClient(std::chrono::seconds certificate_life = 1h) {
    return NewAgentClient([this, certificate_life]() -> absl::StatusOr<ClientIdentity> {
      ++issued_;
      if (hang_) hang_();
      if (!issue_.ok()) return issue_;
      const auto identity = pki_.Issue("worker");
      return ClientIdentity{identity.certificate_pem, identity.private_key_pem, pki_.ca_pem(),
                            std::chrono::system_clock::now() + certificate_life};
    });
  }
  node::v1::EnsureSandboxRequest Request() {
    node::v1::EnsureSandboxRequest request;
    request.set_allocation_id("alloc_1");
    return request;
  }
  ErrorCode CodeWhen(grpc::StatusCode answer) {
    agent_.Intercept([answer](const std::string&) { return grpc::Status(answer, "because"); });
    const auto result = client_->EnsureSandbox(node_, Request());
    EXPECT_FALSE(result.ok());
    EXPECT_THAT(std::string(result.status().message()), HasSubstr("node_1: because"));
    return ErrorCodeOf(result.status());
  }

  const testing::TestPki pki_;
  testing::FakeAgent agent_{"node_1", pki_};
  const NodeAddress node_{"node_1", agent_.address()};
  absl::Status issue_;
  std::function<void()> hang_;  // before an identity is issued
  int issued_ = 0;
  std::unique_ptr<AgentClient> client_ = NewClient();
};

TEST_F(AgentClientTest, CallsOverMutualTlsWithOneIdentity) {
  const auto sandbox = client_->EnsureSandbox(node_, Request());
  ASSERT_TRUE(sandbox.ok()) << sandbox.status();
  EXPECT_EQ(sandbox->allocation_id(), "alloc_1");
  EXPECT_THAT(agent_.sandboxes(), ElementsAre("alloc_1"));
  EXPECT_EQ(client_->ListSandboxes(node_)->sandboxes_size(), 1);
  node::v1::RemoveSandboxRequest remove;
  remove.set_allocation_id("alloc_1");
  EXPECT_TRUE(client_->RemoveSandbox(node_, remove)->has_last_observed_at());
  EXPECT_FALSE(client_->RemoveSandbox(node_, remove)->has_last_observed_at());
  EXPECT_EQ(issued_, 1);
}

TEST_F(AgentClientTest, AnotherNodesCertificateIsNotBelieved) {
  const auto result = client_->EnsureSandbox({"node_2", agent_.address()}, Request());
  EXPECT_EQ(ErrorCodeOf(result.status()), ErrorCode::kNodeUnreachable);
  EXPECT_THAT(agent_.calls(), ElementsAre());
}

TEST_F(AgentClientTest, AnAgentThatIsGoneIsUnreachable) {
  ASSERT_TRUE(client_->ListSandboxes(node_).ok());
  agent_.Stop();
  EXPECT_EQ(ErrorCodeOf(client_->ListSandboxes(node_).status()), ErrorCode::kNodeUnreachable);
}

TEST_F(AgentClientTest, AnswersHaveOurCodes) {
  EXPECT_EQ(CodeWhen(grpc::StatusCode::UNAVAILABLE), ErrorCode::kNodeUnreachable);
  EXPECT_EQ(CodeWhen(grpc::StatusCode::DEADLINE_EXCEEDED), ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(CodeWhen(grpc::StatusCode::RESOURCE_EXHAUSTED), ErrorCode::kConflict);
  EXPECT_EQ(CodeWhen(grpc::StatusCode::FAILED_PRECONDITION), ErrorCode::kInvalidState);
  EXPECT_EQ(CodeWhen(grpc::StatusCode::INVALID_ARGUMENT), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeWhen(grpc::StatusCode::INTERNAL), ErrorCode::kInternal);
}

TEST_F(AgentClientTest, WithoutAnIdentityNothingIsSent) {
  issue_ = MakeError(ErrorCode::kVaultSealed, "sealed");
  EXPECT_EQ(ErrorCodeOf(client_->ListSandboxes(node_).status()), ErrorCode::kVaultSealed);
}

TEST_F(AgentClientTest, TheIdentityIsRenewedBeforeItEndsAndServesUntilThen) {
  const auto client = NewClient(5min);  // less than renew_before
  ASSERT_TRUE(client->ListSandboxes(node_).ok());
  ASSERT_TRUE(client->ListSandboxes(node_).ok());
  EXPECT_EQ(issued_, 2);
  issue_ = MakeError(ErrorCode::kVaultUnavailable, "away");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->ListSandboxes(node_).ok());
  EXPECT_EQ(issued_, 3);  // and it is not asked again at each call
}

TEST_F(AgentClientTest, CallsGoOnWhileTheVaultHangs) {
  const auto client = NewClient(5min);
  ASSERT_TRUE(client->ListSandboxes(node_).ok());
  std::promise<void> asked, answer;
  hang_ = [&] {
    asked.set_value();
    answer.get_future().wait();
  };
  std::thread renewing([&] { EXPECT_TRUE(client->ListSandboxes(node_).ok()); });
  asked.get_future().wait();
  EXPECT_TRUE(client->ListSandboxes(node_).ok());
  EXPECT_EQ(issued_, 2);
  answer.set_value();
  renewing.join();
}

}  // namespace
}  // namespace gpuaas::activities
