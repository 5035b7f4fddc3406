#include <gtest/gtest.h>

#include <cmath>

#include "gmock/gmock.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/client/batch.h"
#include "temporal/client/deployments.h"
#include "temporal/client/schedules.h"
#include "tests/unit/temporal/worker_fixture.h"

namespace temporal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr WorkflowRef<int, int> kFlow{"Flow"};
constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kPrecondition = absl::StatusCode::kFailedPrecondition;

class DeploymentClientTest : public WorkerFixture {
 protected:
  DeploymentClientTest() {
    workflows.AddFunction(kFlow, [](Context, int n) -> Task<int> { co_return n; }, VersioningBehavior::kPinned);
    activities.Add(ActivityRef<int, int>("Step"), [](ActivityContext&, int n) -> absl::StatusOr<int> { return n; });
  }
  std::unique_ptr<Worker> WorkerOf(const std::string& build_id, const std::string& queue = kQueue) {
    WorkerOptions options(queue);
    options.deployment = WorkerDeploymentOptions(WorkerDeploymentVersion("orders", build_id));
    auto worker = StartWorker(std::move(options));
    EXPECT_TRUE(service->WaitForPolls(polls_ += 4));
    return worker;
  }

  WorkerDeploymentClient deployments() { return WorkerDeploymentClient(*client); }
  WorkerDeploymentHandle orders() { return deployments().GetHandle("orders"); }

 private:
  int polls_ = 0;
};

TEST_F(DeploymentClientTest, DescribesWhatPolled) {
  const auto one = WorkerOf("1");
  const auto two = WorkerOf("2");
  const auto before = orders().Describe();
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->name, "orders");
  EXPECT_FALSE(before->routing.current_version);
  ASSERT_EQ(before->versions.size(), 2U);
  EXPECT_EQ(before->versions[0].version, WorkerDeploymentVersion("orders", "1"));
  EXPECT_EQ(before->versions[0].status, WorkerDeploymentVersionStatus::kInactive);

  const auto change = orders().SetCurrentVersion(SetCurrentVersionOptions("1"));
  ASSERT_TRUE(change.ok()) << change.status();
  ASSERT_TRUE(orders().SetRampingVersion(SetRampingVersionOptions("2", 25)).ok());
  const auto after = orders().Describe();
  EXPECT_EQ(after->routing.current_version, WorkerDeploymentVersion("orders", "1"));
  EXPECT_EQ(after->routing.ramping_version, WorkerDeploymentVersion("orders", "2"));
  EXPECT_EQ(after->routing.ramping_percentage, 25);
  EXPECT_EQ(after->last_modifier_identity, client->options().identity);
  EXPECT_EQ(after->versions[0].status, WorkerDeploymentVersionStatus::kCurrent);
  EXPECT_EQ(after->versions[1].status, WorkerDeploymentVersionStatus::kRamping);

  const auto version = orders().DescribeVersion("2");
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(version->status, WorkerDeploymentVersionStatus::kRamping);
  EXPECT_EQ(version->ramping_percentage, 25);
  ASSERT_EQ(version->task_queues.size(), 2U);
  EXPECT_EQ(version->task_queues[0].name, kQueue);
  EXPECT_EQ(version->task_queues[0].type, TaskQueueType::kWorkflow);
  EXPECT_EQ(version->task_queues[1].type, TaskQueueType::kActivity);
  EXPECT_FALSE(version->drainage);

  const auto page = deployments().List(10);
  ASSERT_EQ(page->deployments.size(), 1U);
  EXPECT_EQ(page->deployments[0].name, "orders");
  EXPECT_EQ(page->deployments[0].routing.current_version, WorkerDeploymentVersion("orders", "1"));
  EXPECT_EQ(page->next_page_token, "");
}

TEST_F(DeploymentClientTest, AnotherChangeInBetweenIsAConflict) {
  const auto one = WorkerOf("1");
  const auto two = WorkerOf("2");
  const std::string token = orders().Describe()->conflict_token;
  const auto first = orders().SetCurrentVersion(SetCurrentVersionOptions("1").WithConflictToken(token));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(orders().SetCurrentVersion(SetCurrentVersionOptions("2").WithConflictToken(token)).status().code(),
            kPrecondition);
  EXPECT_EQ(orders().SetRampingVersion(SetRampingVersionOptions("2", 5).WithConflictToken(token)).status().code(),
            kPrecondition);
  EXPECT_EQ(orders().BecomeManager(token).status().code(), kPrecondition);
  EXPECT_EQ(orders().Describe()->routing.current_version, WorkerDeploymentVersion("orders", "1"));
  EXPECT_TRUE(
      orders().SetRampingVersion(SetRampingVersionOptions("2", 5).WithConflictToken(first->conflict_token)).ok());
}

TEST_F(DeploymentClientTest, NoneButItsManagerChangesIt) {
  const auto one = WorkerOf("1");
  ASSERT_TRUE(orders().SetManagerIdentity("the pipeline").ok());
  EXPECT_EQ(orders().Describe()->manager_identity, "the pipeline");
  EXPECT_EQ(orders().SetCurrentVersion(SetCurrentVersionOptions("1")).status().code(), kPrecondition);
  ASSERT_TRUE(orders().BecomeManager().ok());
  EXPECT_EQ(orders().Describe()->manager_identity, client->options().identity);
  EXPECT_TRUE(orders().SetCurrentVersion(SetCurrentVersionOptions("1")).ok());
  ASSERT_TRUE(orders().SetManagerIdentity("").ok());
  EXPECT_EQ(orders().Describe()->manager_identity, "");
}

TEST_F(DeploymentClientTest, VersionsThatLackWorkersDoNotGetTraffic) {
  EXPECT_EQ(orders().Describe().status().code(), absl::StatusCode::kNotFound);
  const auto one = WorkerOf("1");
  const auto also_one = WorkerOf("1", "other queue");
  const auto two = WorkerOf("2");
  EXPECT_EQ(orders().SetCurrentVersion(SetCurrentVersionOptions("9")).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(orders().SetCurrentVersion(SetCurrentVersionOptions("1")).ok());
  EXPECT_EQ(orders().SetCurrentVersion(SetCurrentVersionOptions("2")).status().code(), kPrecondition);
  SetCurrentVersionOptions anyway("2");
  anyway.ignore_missing_task_queues = true;
  EXPECT_TRUE(orders().SetCurrentVersion(anyway).ok());
}

TEST_F(DeploymentClientTest, MetadataComesBackAndVersionsGo) {
  const auto one = WorkerOf("1");
  VersionMetadataChanges changes;
  changes.upsert["commit"] = *ToPayload(std::string("1a2b"));
  changes.upsert["by"] = *ToPayload(std::string("ada"));
  ASSERT_EQ(orders().UpdateVersionMetadata("1", changes)->size(), 2U);
  VersionMetadataChanges removal;
  removal.remove = {"by"};
  ASSERT_EQ(orders().UpdateVersionMetadata("1", removal)->size(), 1U);
  EXPECT_EQ(*FromPayload<std::string>(orders().DescribeVersion("1")->metadata.at("commit")), "1a2b");

  ASSERT_TRUE(orders().SetCurrentVersion(SetCurrentVersionOptions("1")).ok());
  EXPECT_EQ(orders().DeleteVersion("1").code(), kPrecondition);
  EXPECT_EQ(deployments().Delete("orders").code(), kPrecondition);
  ASSERT_TRUE(orders().SetCurrentVersion(SetCurrentVersionOptions()).ok()) << "none";
  EXPECT_EQ(orders().DescribeVersion("1")->status, WorkerDeploymentVersionStatus::kDrained);
  EXPECT_TRUE(orders().DeleteVersion("1").ok());
  EXPECT_EQ(orders().DescribeVersion("1").status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(deployments().Delete("orders").ok());
  EXPECT_EQ(orders().Describe().status().code(), absl::StatusCode::kNotFound);
}

// Counts the calls, of which there must be none.
class NoCalls : public Transport {
 public:
  absl::Status Call(std::string_view method, const google::protobuf::Message&, google::protobuf::Message&,
                    const CallOptions&) override {
    ADD_FAILURE() << method;
    return absl::InternalError("called");
  }
};

TEST(DeploymentClientInput, IsLookedAtBeforeACall) {
  Client client(std::make_shared<NoCalls>());
  WorkerDeploymentClient deployments(client);
  for (const std::string name : {"", "orders.v2", "orders:v2", "__unversioned__"}) {
    const auto handle = deployments.GetHandle(name);
    EXPECT_EQ(handle.Describe().status().code(), kInvalid);
    EXPECT_EQ(handle.DescribeVersion("1").status().code(), kInvalid);
    EXPECT_EQ(handle.SetCurrentVersion(SetCurrentVersionOptions("1")).status().code(), kInvalid);
    EXPECT_EQ(handle.SetRampingVersion(SetRampingVersionOptions("1", 1)).status().code(), kInvalid);
    EXPECT_EQ(handle.SetManagerIdentity("me").status().code(), kInvalid);
    EXPECT_EQ(handle.BecomeManager().status().code(), kInvalid);
    EXPECT_EQ(handle.DeleteVersion("1").code(), kInvalid);
    EXPECT_EQ(handle.UpdateVersionMetadata("1", {}).status().code(), kInvalid);
    EXPECT_EQ(deployments.Delete(name).code(), kInvalid);
  }
  const auto orders = deployments.GetHandle("orders");
  EXPECT_EQ(orders.DescribeVersion("").status().code(), kInvalid);
  EXPECT_EQ(orders.DeleteVersion("").code(), kInvalid);
  EXPECT_EQ(orders.DescribeVersion("__unversioned__").status().code(), kInvalid);
  EXPECT_EQ(orders.SetCurrentVersion(SetCurrentVersionOptions("__unversioned__")).status().code(), kInvalid);
  EXPECT_EQ(orders.UpdateVersionMetadata("", {}).status().code(), kInvalid);
  for (const float percentage : {-1.0F, 100.5F, std::nanf("")}) {
    EXPECT_EQ(orders.SetRampingVersion(SetRampingVersionOptions("1", percentage)).status().code(), kInvalid);
  }

  EXPECT_EQ(client.UpdateExecutionOptions("wf", {}).status().code(), kInvalid);
  const PinnedVersioningOverride nowhere(WorkerDeploymentVersion("orders", ""));
  const VersioningOverrideChange change{VersioningOverride(nowhere)};
  EXPECT_EQ(client.UpdateExecutionOptions("wf", WorkflowExecutionOptionsChanges(change)).status().code(), kInvalid);
  BatchClient batches(client);
  const BatchOptions all("WorkflowType = 'Flow'", "why");
  EXPECT_EQ(batches.UpdateExecutionOptions({}, all).status().code(), kInvalid);
  EXPECT_EQ(batches.UpdateExecutionOptions(WorkflowExecutionOptionsChanges(change), all).status().code(), kInvalid);
  const StartOptions start = StartOptions("wf", "queue").WithVersioningOverride(nowhere);
  EXPECT_EQ(client.Start(kFlow, 1, start).status().code(), kInvalid);
  EXPECT_EQ(client.SignalWithStart(kFlow, 1, SignalRef<int>("signal"), 1, start).status().code(), kInvalid);
  EXPECT_EQ(StartWorkflowAction(kFlow, 1, start).status().code(), kInvalid);
}

// Keeps the last request and answers it with what it is given.
class Answering : public Transport {
 public:
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions&) override {
    last_method = method;
    last_request.reset(request.New());
    last_request->CopyFrom(request);
    if (answer != nullptr) response.CopyFrom(*answer);
    return absl::OkStatus();
  }
  template <class Request>
  const Request& Last() const {
    return dynamic_cast<const Request&>(*last_request);
  }
  std::string last_method;
  std::unique_ptr<google::protobuf::Message> last_request;
  std::unique_ptr<google::protobuf::Message> answer;
};

TEST(DeploymentClientInput, ServersThatKnowOnlyTextAreUnderstoodAndUnderstand) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  namespace service = api::workflowservice::v1;
  const auto transport = std::make_shared<Answering>();
  Client client(transport);
  const auto orders = WorkerDeploymentClient(client).GetHandle("orders");
  auto answer = std::make_unique<service::DescribeWorkerDeploymentResponse>();
  auto& info = *answer->mutable_worker_deployment_info();
  info.mutable_routing_config()->set_current_version("orders.1.2");
  info.mutable_routing_config()->set_ramping_version("__unversioned__");
  info.add_version_summaries()->set_version("orders.1.2");
  info.mutable_version_summaries(0)->set_drainage_status(api::enums::v1::VERSION_DRAINAGE_STATUS_DRAINED);
  transport->answer = std::move(answer);
  const auto description = orders.Describe();
  ASSERT_TRUE(description.ok());
  EXPECT_EQ(description->routing.current_version, WorkerDeploymentVersion("orders", "1.2"));
  EXPECT_FALSE(description->routing.ramping_version);
  EXPECT_EQ(description->versions[0].version, WorkerDeploymentVersion("orders", "1.2"));
  EXPECT_EQ(description->versions[0].drainage, WorkerDeploymentDrainage::kDrained);

  auto change = std::make_unique<service::SetWorkerDeploymentRampingVersionResponse>();
  change->set_previous_version("orders.0");
  change->set_previous_percentage(7);
  transport->answer = std::move(change);
  SetRampingVersionOptions to("1.2", 50);
  to.identity = "somebody else";
  const auto ramped = orders.SetRampingVersion(to);
  EXPECT_EQ(ramped->previous_version, WorkerDeploymentVersion("orders", "0"));
  EXPECT_EQ(ramped->previous_percentage, 7);
  const auto& ramp = transport->Last<service::SetWorkerDeploymentRampingVersionRequest>();
  EXPECT_EQ(ramp.version(), "orders.1.2");
  EXPECT_EQ(ramp.build_id(), "1.2");
  EXPECT_EQ(ramp.identity(), "somebody else");
  transport->answer = nullptr;
  ASSERT_TRUE(orders.SetCurrentVersion(SetCurrentVersionOptions()).ok());
  EXPECT_EQ(transport->Last<service::SetWorkerDeploymentCurrentVersionRequest>().version(), "__unversioned__");

  const PinnedVersioningOverride pinned(WorkerDeploymentVersion("orders", "1.2"));
  ASSERT_TRUE(client.Start(kFlow, 1, StartOptions("wf", "queue").WithVersioningOverride(pinned)).ok());
  const auto& start = transport->Last<service::StartWorkflowExecutionRequest>().versioning_override();
  EXPECT_EQ(start.pinned().version().build_id(), "1.2");
  EXPECT_EQ(start.pinned_version(), "orders.1.2");
  EXPECT_EQ(start.behavior(), api::enums::v1::VERSIONING_BEHAVIOR_PINNED);

  auto described = std::make_unique<service::DescribeWorkflowExecutionResponse>();
  auto& versioning = *described->mutable_workflow_execution_info()->mutable_versioning_info();
  versioning.set_behavior(api::enums::v1::VERSIONING_BEHAVIOR_PINNED);
  versioning.mutable_versioning_override()->set_behavior(api::enums::v1::VERSIONING_BEHAVIOR_PINNED);
  versioning.mutable_versioning_override()->set_pinned_version("orders.1.2");
  versioning.mutable_version_transition()->mutable_deployment_version()->set_build_id("3");
  transport->answer = std::move(described);
  const auto workflow = client.Describe("wf");
  ASSERT_TRUE(workflow->versioning);
  EXPECT_EQ(workflow->versioning->behavior, VersioningBehavior::kPinned);
  EXPECT_EQ(workflow->versioning->versioning_override, VersioningOverride(pinned));
  EXPECT_EQ(workflow->versioning->transition_to, WorkerDeploymentVersion("", "3"));
#pragma clang diagnostic pop
}

TEST(DeploymentClientInput, OverridesOfEachKind) {
  namespace service = api::workflowservice::v1;
  const auto transport = std::make_shared<Answering>();
  Client client(transport);
  const auto sent = [&](VersioningOverrideChange change) {
    auto answer = std::make_unique<service::UpdateWorkflowExecutionOptionsResponse>();
    if (change.value) {
      // As the server: what it was told.
      EXPECT_TRUE(client.UpdateExecutionOptions("wf", WorkflowExecutionOptionsChanges(change)).ok());
      *answer->mutable_workflow_execution_options() =
          transport->Last<service::UpdateWorkflowExecutionOptionsRequest>().workflow_execution_options();
    }
    transport->answer = std::move(answer);
    const auto now = client.UpdateExecutionOptions({"wf", "run"}, WorkflowExecutionOptionsChanges(change));
    EXPECT_TRUE(now.ok()) << now.status();
    EXPECT_EQ(now->versioning_override, change.value);
    transport->answer = nullptr;
    return transport->Last<service::UpdateWorkflowExecutionOptionsRequest>();
  };
  const auto once = sent(VersioningOverrideChange(OneTimeVersioningOverride(WorkerDeploymentVersion("orders", "2"))));
  EXPECT_EQ(once.workflow_execution_options().versioning_override().one_time().target_deployment_version().build_id(),
            "2");
  EXPECT_THAT(once.update_mask().paths(), ElementsAre("versioning_override"));
  EXPECT_EQ(once.workflow_execution().run_id(), "run");
  EXPECT_TRUE(sent(VersioningOverrideChange(AutoUpgradeVersioningOverride()))
                  .workflow_execution_options()
                  .versioning_override()
                  .auto_upgrade());
  EXPECT_FALSE(sent(VersioningOverrideChange()).workflow_execution_options().has_versioning_override());
}

}  // namespace
}  // namespace temporal
