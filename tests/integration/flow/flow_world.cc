#include "tests/integration/flow/flow_world.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "activities/allocation/allocation_activities.h"
#include "activities/common/json.h"
#include "platform/log/log.h"
#include "stores/catalog/skus.h"
#include "stores/iam/ssh_keys.h"
#include "stores/iam/users.h"
#include "stores/nodes/heartbeats.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/operations.h"
#include "stores/ops/outbox.h"
#include "temporal/transport/grpc_transport.h"
#include "workflows/allocation/steps.h"
#include "workflows/common/time.h"
#include "workflows/nodes/steps.h"

namespace gpuaas::testing {

using namespace std::chrono_literals;
using platform::SystemScope;
using platform::Transaction;

namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    std::fprintf(stderr, "%s is not set\n", name);
    std::exit(1);
  }
  return value;
}

std::string UniqueName(Time now) {
  std::string name = "flow_" + NewUlidText(now);
  for (char& c : name) c = static_cast<char>(std::tolower(c));
  return name;
}

}  // namespace

FlowWorld::FlowWorld()
    : name_(UniqueName(clock_.Now())), node_(NodeId::New(clock_.Now())), limits_(activities::DefaultFlowLimits()) {
  agent_ = std::make_unique<FakeAgent>(node_.str(), pki_);
  auto transport = temporal::Connect(temporal::ConnectOptions(Variable("GPUAAS_TEMPORAL_ADDRESS")));
  Must(transport.status());
  client_ = std::make_shared<temporal::Client>(*std::move(transport));
  dispatcher_ = activities::NewDispatcher(database(), client_, clock_, name_);
  Seed();
}

FlowWorld::~FlowWorld() {
  if (worker_ != 0) StopWorker();
  (void)client_->Terminate("region-watch/" + name_, "the test has ended");
  (void)client_->Terminate("node/" + node_.str(), "the test has ended");
}

void FlowWorld::Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "test world: %s\n", status.ToString().c_str());
  std::exit(1);
}

void FlowWorld::Seed() {
  const Time now = clock_.Now();
  Must(database().Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    const auto tenant = stores::EnsureTenant(tx, "acme", now);
    Must(tenant.status());
    const auto project = stores::EnsureProject(tx, tenant->id, "ml", now);
    Must(project.status());
    const auto user = stores::EnsureUser(tx, {.tenant = tenant->id, .username = "ada", .display_name = "Ada"}, now);
    Must(user.status());
    caller_ = {tenant->id, project->id, user->str(), "corr_test"};
    domain::Sku sku;
    sku.name = "h200";
    sku.gpu_model = "NVIDIA H200";
    sku.gpu_memory_gib = 141;
    sku.gpus_max = 8;
    sku.regions = {name_};
    Must(stores::PutSku(tx, sku, now));
    stores::SshKey key;
    key.id = SshKeyId::New(now);
    key.tenant = tenant->id;
    key.user = *user;
    key.name = "laptop";
    key.public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB";
    key.fingerprint = "SHA256:test";
    key.created_at = now;
    Must(stores::CreateSshKey(tx, key, caller_).status());
    ssh_key_ = key.id.str();
    stores::NewNode node;
    node.id = node_;
    node.caller = {.tenant = PlatformTenant(), .project = {}, .principal = "system", .correlation_id = "corr_test"};
    node.name = "node-1";
    node.region = name_;
    node.advertise_address = agent_->address();
    node.inventory.source = "declared";
    node.inventory.digest = "digest";
    for (int i = 0; i < 8; ++i) {
      node.inventory.gpus.push_back({.uuid = "GPU-" + name_ + std::to_string(i),
                                     .index = i,
                                     .model = "NVIDIA H200",
                                     .memory_bytes = 141ll << 30,
                                     .device_path = "/dev/nvidia" + std::to_string(i)});
    }
    node.now = now;
    return stores::RegisterNode(tx, node).status();
  }));
  Heartbeat();
}

void FlowWorld::Heartbeat(const AllocationId& running) {
  Must(database().Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    stores::Heartbeat heartbeat;
    heartbeat.node = node_;
    heartbeat.boot_id = "boot";
    heartbeat.inventory_digest = "digest";
    if (!running.empty()) {
      heartbeat.sandboxes_json = R"([{"allocation_id":")" + running.str() + R"(","running":true}])";
    }
    heartbeat.now = clock_.Now();
    Must(stores::RecordPulse(tx, "api", heartbeat.now));
    return stores::RecordHeartbeat(tx, heartbeat).status();
  }));
}

void FlowWorld::Pulse() {
  Must(database().Transact(SystemScope(),
                           [&](Transaction& tx) { return stores::RecordPulse(tx, "api", clock_.Now()); }));
}

void FlowWorld::StartNodeFlow() {
  flow::v1::NodeRequest request;
  request.set_node_id(node_.str());
  request.set_region(name_);
  Must(client_->Start(workflows::kNode, request, temporal::StartOptions("node/" + node_.str(), name_)).status());
}

void FlowWorld::StartWorker() {
  const IssuedCertificate identity = pki_.Issue("worker");
  std::vector<std::string> variables = {"FLOW_DATABASE_URL=" + database_.app_url(),
                                        "FLOW_TEMPORAL_ADDRESS=" + Variable("GPUAAS_TEMPORAL_ADDRESS"),
                                        "FLOW_NAME=" + name_,
                                        "FLOW_CERTIFICATE=" + identity.certificate_pem,
                                        "FLOW_KEY=" + identity.private_key_pem,
                                        "FLOW_CA=" + pki_.ca_pem(),
                                        "FLOW_LIMITS=" + activities::ToJson(limits_),
                                        "FLOW_SWEEP_LIMITS=" + activities::ToJson(sweep_limits_)};
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string binary = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "flow_test_worker";
  char* const arguments[] = {binary.data(), nullptr};
  if (posix_spawn(&worker_, binary.c_str(), nullptr, nullptr, arguments, environment.data()) != 0) {
    std::fprintf(stderr, "cannot start %s\n", binary.c_str());
    std::exit(1);
  }
}

void FlowWorld::KillWorker() {
  kill(worker_, SIGKILL);
  waitpid(worker_, nullptr, 0);
  worker_ = 0;
}

int FlowWorld::StopWorker() {
  int status = 0;
  kill(worker_, SIGTERM);
  waitpid(worker_, &status, 0);
  worker_ = 0;
  return status;
}

AllocationId FlowWorld::CreateAllocation(int gpus, std::chrono::seconds lease) {
  const Time now = clock_.Now();
  const auto id = AllocationId::New(now);
  const auto operation = OperationId::New(now);
  flow::v1::AllocationRequest request;
  request.set_allocation_id(id.str());
  request.set_operation_id(operation.str());
  request.set_tenant_id(caller_.tenant.str());
  request.set_project_id(caller_.project.str());
  request.set_correlation_id(caller_.correlation_id);
  request.set_sku("h200");
  request.set_gpu_count(static_cast<unsigned>(gpus));
  request.set_region(name_);
  *request.mutable_lease() = workflows::ToProto(lease);
  Must(database().Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    Must(stores::CreateOperation(tx, {.id = operation,
                                      .caller = caller_,
                                      .resource_kind = "allocation",
                                      .resource_id = id.str(),
                                      .kind = "create",
                                      .now = now})
             .status());
    Must(stores::CreateAllocation(tx, {.id = id,
                                       .operation = operation,
                                       .caller = caller_,
                                       .name = "test",
                                       .sku = "h200",
                                       .region = name_,
                                       .gpus = gpus,
                                       .ssh_key_ids = {ssh_key_},
                                       .lease = lease,
                                       .now = now})
             .status());
    return stores::EnqueueOutbox(tx, {.tenant = caller_.tenant,
                                      .workflow_id = "allocation/" + id.str(),
                                      .kind = stores::kOutboxStartWorkflow,
                                      .name = "allocation",
                                      .payload_json = activities::ToJson(request),
                                      .correlation_id = caller_.correlation_id,
                                      .operation = operation,
                                      .now = now})
        .status();
  }));
  Dispatch("allocation/" + id.str());
  return id;
}

// As the API does: what cannot be sent now, the relay of the worker sends later.
void FlowWorld::Dispatch(const std::string& workflow_id) { (void)dispatcher_->Dispatch(workflow_id); }

OperationId FlowWorld::Accept(const AllocationId& id, const std::string& kind, const google::protobuf::Message& signal,
                              const OperationId& operation,
                              const std::function<absl::Status(Transaction&, Time)>& accept) {
  const Time now = clock_.Now();
  Must(database().Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    Must(stores::CreateOperation(tx, {.id = operation,
                                      .caller = caller_,
                                      .resource_kind = "allocation",
                                      .resource_id = id.str(),
                                      .kind = kind,
                                      .now = now})
             .status());
    Must(accept(tx, now));
    return stores::EnqueueOutbox(tx, {.tenant = caller_.tenant,
                                      .workflow_id = "allocation/" + id.str(),
                                      .kind = stores::kOutboxSignalWorkflow,
                                      .name = kind,
                                      .payload_json = activities::ToJson(signal),
                                      .correlation_id = caller_.correlation_id,
                                      .operation = operation,
                                      .now = now})
        .status();
  }));
  Dispatch("allocation/" + id.str());
  return operation;
}

OperationId FlowWorld::Release(const AllocationId& id) {
  const auto operation = OperationId::New(clock_.Now());
  flow::v1::ReleaseSignal signal;
  signal.set_operation_id(operation.str());
  return Accept(id, "release", signal, operation, [&](Transaction& tx, Time now) {
    return stores::AcceptRelease(tx, id, operation, caller_, now).status();
  });
}

OperationId FlowWorld::Extend(const AllocationId& id, std::chrono::seconds by) {
  const auto operation = OperationId::New(clock_.Now());
  flow::v1::ExtendSignal signal;
  signal.set_operation_id(operation.str());
  *signal.mutable_by() = workflows::ToProto(by);
  return Accept(id, "extend", signal, operation, [&](Transaction& tx, Time now) {
    return stores::AcceptExtend(tx, id, operation, caller_, now).status();
  });
}

void FlowWorld::SendStartAgain(const AllocationId& id) {
  const stores::Allocation allocation = Get(id);
  flow::v1::AllocationRequest request;
  request.set_allocation_id(id.str());
  request.set_operation_id(allocation.operation.str());
  Must(database().Transact(SystemScope(), [&](Transaction& tx) {
    return stores::EnqueueOutbox(tx, {.tenant = caller_.tenant,
                                      .workflow_id = allocation.WorkflowId(),
                                      .kind = stores::kOutboxStartWorkflow,
                                      .name = "allocation",
                                      .payload_json = activities::ToJson(request),
                                      .correlation_id = caller_.correlation_id,
                                      .now = clock_.Now()})
        .status();
  }));
  Dispatch(allocation.WorkflowId());
}

stores::Allocation FlowWorld::Get(const AllocationId& id) {
  auto allocation = database().TransactFor<stores::Allocation>(
      SystemScope(), [&](Transaction& tx) { return stores::GetAllocation(tx, id); });
  Must(allocation.status());
  return *std::move(allocation);
}

std::string FlowWorld::ResultOf(const AllocationId& id) {
  auto outcome = client_->GetResult(workflows::kAllocation, "allocation/" + id.str(), 60s);
  Must(outcome.status());
  return outcome->state();
}

bool FlowWorld::WaitForState(const AllocationId& id, domain::AllocationState state) {
  return WaitFor([&] { return Get(id).state == state; });
}

bool FlowWorld::WaitFor(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + 90s;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

}  // namespace gpuaas::testing
