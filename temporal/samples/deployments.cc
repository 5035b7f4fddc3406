// Two versions of the workers at the same time: which runs stay with the old one, and which go over.
#include "temporal/client/deployments.h"

#include "temporal/common/proto.h"
#include "temporal/samples/stage.h"

using namespace std::chrono_literals;

inline constexpr temporal::WorkflowRef<temporal::Nothing, std::string> kOrder{"Order"};
inline constexpr temporal::WorkflowRef<temporal::Nothing, std::string> kSubscription{"Subscription"};
inline constexpr temporal::SignalRef<bool> kPaid{"paid"};

// Says which builds it began and ended with.
struct Journey {
  explicit Journey(temporal::Context c) : ctx(c), paid(c, kPaid) {}
  temporal::Task<std::string> Run() {
    const std::string first = ctx.current_deployment_version().build_id;
    co_await paid.Received();
    co_return first + " to " + ctx.current_deployment_version().build_id;
  }
  temporal::Context ctx;
  temporal::SignalChannel<bool> paid;
};

temporal::WorkflowRegistry Workflows() {
  temporal::WorkflowRegistry workflows;
  workflows.Add<Journey>(kOrder, temporal::VersioningBehavior::kPinned);
  workflows.Add<Journey>(kSubscription, temporal::VersioningBehavior::kAutoUpgrade);
  return workflows;
}

using samples::Stage;

// A worker of this build, once the server knows it.
std::unique_ptr<temporal::Worker> Deploy(const std::shared_ptr<temporal::Client>& client, const Stage& stage,
                                         const temporal::WorkerDeploymentVersion& version) {
  temporal::WorkerOptions options(stage.queue());
  options.poll_timeout = 3s;
  options.deployment = temporal::WorkerDeploymentOptions(version);
  auto worker = temporal::Worker::Create(client, Workflows(), temporal::ActivityRegistry(), options);
  Stage::Expect(worker.ok() && (*worker)->Start().ok(), "a versioned worker");
  const auto deployment = temporal::WorkerDeploymentClient(*client).GetHandle(version.deployment_name);
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!deployment.DescribeVersion(version.build_id).ok()) {
    Stage::Expect(std::chrono::steady_clock::now() < until, "the version in the server");
  }
  return *std::move(worker);
}

void Story(Stage& stage) {
  const auto client = std::make_shared<temporal::Client>(stage.client().transport(), stage.client().options());
  const std::string name = "shop-" + temporal::NewUuid();
  const auto shop = temporal::WorkerDeploymentClient(*client).GetHandle(name);
  const auto on = [&](const std::string& id, const std::string& build_id) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      const auto described = client->Describe(id);
      if (described.ok() && described->versioning && described->versioning->version.build_id == build_id) return true;
    }
    return false;
  };

  const auto one = Deploy(client, stage, temporal::WorkerDeploymentVersion(name, "1"));
  Stage::Expect(shop.SetCurrentVersion(temporal::SetCurrentVersionOptions("1")).ok(), "version 1");
  const std::string order = stage.Start(kOrder, {});
  const std::string subscription = stage.Start(kSubscription, {});
  Stage::Expect(on(order, "1") && on(subscription, "1"), "both on version 1");

  const auto two = Deploy(client, stage, temporal::WorkerDeploymentVersion(name, "2"));
  Stage::Expect(shop.SetRampingVersion(temporal::SetRampingVersionOptions("2", 5)).ok(), "5 % of the workflows");
  const auto before = Stage::Value(shop.Describe());
  auto promotion = temporal::SetCurrentVersionOptions("2").WithConflictToken(before.conflict_token);
  Stage::Expect(shop.SetCurrentVersion(promotion).ok(), "all of them");

  const std::string late = stage.Start(kOrder, {});
  Stage::Expect(on(late, "2"), "new ones begin with version 2");
  for (const std::string& id : {order, subscription, late}) {
    Stage::Expect(client->Signal(id, kPaid, true).ok(), "a signal");
  }
  Stage::Expect(Stage::Value(client->GetResult(kOrder, order, 60s)) == "1 to 1", "the pinned one stays");
  Stage::Expect(Stage::Value(client->GetResult(kSubscription, subscription, 60s)) == "1 to 2", "the other one moves");
  Stage::Expect(Stage::Value(client->GetResult(kOrder, late, 60s)) == "2 to 2", "the new one");

  // One that is in the way of the old workers' end.
  temporal::StartOptions options("sample/" + temporal::NewUuid(), stage.queue());
  options.versioning_override = temporal::PinnedVersioningOverride(temporal::WorkerDeploymentVersion(name, "1"));
  const auto started = Stage::Value(client->Start(kOrder, {}, options));
  Stage::Expect(on(started.workflow_id, "1"), "an order for version 1");
  const temporal::PinnedVersioningOverride to_two(temporal::WorkerDeploymentVersion(name, "2"));
  const temporal::WorkflowExecutionOptionsChanges changes{temporal::VersioningOverrideChange(to_two)};
  Stage::Expect(client->UpdateExecutionOptions(started.workflow_id, changes).ok(), "moved by hand");
  Stage::Expect(client->Signal(started.workflow_id, kPaid, true).ok(), "a signal");
  Stage::Expect(Stage::Value(client->GetResult(kOrder, started.workflow_id, 60s)) == "1 to 2", "it has moved");
}

int main(int argc, char** argv) { return samples::Main(argc, argv, Workflows(), temporal::ActivityRegistry(), Story); }
