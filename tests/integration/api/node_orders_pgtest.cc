#include <gtest/gtest.h>

#include "activities/nodes/agent_client.h"
#include "activities/nodes/node_activities.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/operations.h"
#include "tests/mocks/api/fake_vault.h"
#include "tests/mocks/postgres/test_database.h"

namespace gpuaas::tests {
namespace {

using platform::Transaction;

class NodeOrdersTest : public testing::Test {
 protected:
  NodeOrdersTest() {
    const absl::Status made = System([&](Transaction& tx) -> absl::Status {
      GPUAAS_RETURN_IF_ERROR(stores::RegisterNode(tx, {.id = node_,
                                                       .caller = caller_,
                                                       .name = "gpu-1",
                                                       .region = "us-buffalo-1",
                                                       .advertise_address = "127.0.0.1:7443",
                                                       .now = clock_.Now()})
                                 .status());
      return stores::SetNodeState(tx, node_, domain::NodeState::kActive, {}, "", caller_, clock_.Now()).status();
    });
    EXPECT_TRUE(made.ok()) << made;
  }

  absl::Status System(absl::FunctionRef<absl::Status(Transaction&)> body) {
    return database_.app().Transact(platform::SystemScope(), body);
  }

  OperationId Order(const std::string& kind) {
    const auto id = OperationId::New(clock_.Now());
    const absl::Status made = System([&](Transaction& tx) {
      return stores::CreateOperation(tx, {.id = id,
                                          .caller = caller_,
                                          .resource_kind = "node",
                                          .resource_id = node_,
                                          .kind = kind,
                                          .now = clock_.Now()})
          .status();
    });
    EXPECT_TRUE(made.ok()) << made;
    return id;
  }

  // The state of the node after the workflow carried the order out.
  std::string CarryOut(const OperationId& order, const std::string& state) {
    flow::v1::NodeTransition request;
    request.mutable_step()->set_node_id(node_);
    request.mutable_step()->set_operation_id(order);
    request.set_state(state);
    request.set_ends_operation(true);
    const auto result = activities_.Transition(request);
    EXPECT_TRUE(result.ok()) << result.status();
    return result->state();
  }

  TestDatabase database_;
  platform::ManualClock clock_;
  const NodeId node_ = NodeId::New(clock_.Now());
  const stores::Caller caller_{.tenant = PlatformTenant(), .principal = "usr_ops", .correlation_id = "corr_1"};
  const std::unique_ptr<activities::AgentClient> agents_ = activities::NewAgentClient([] {
    return absl::StatusOr<activities::ClientIdentity>(MakeError(ErrorCode::kVaultUnavailable, "nobody is called here"));
  });
  FakeVault vault_;
  activities::NodeActivities activities_{database_.app(), *agents_, vault_, clock_};
};

TEST_F(NodeOrdersTest, AnOrderThatComesASecondTimeUndoesNothing) {
  const OperationId cordon = Order("cordon");
  EXPECT_EQ(CarryOut(cordon, "cordoned"), "cordoned");
  EXPECT_EQ(CarryOut(cordon, "cordoned"), "cordoned");
  EXPECT_EQ(CarryOut(Order("uncordon"), "active"), "active");
  EXPECT_EQ(CarryOut(cordon, "cordoned"), "active") << "the signal was delivered twice";
}

}  // namespace
}  // namespace gpuaas::tests
