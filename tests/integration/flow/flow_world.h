#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "activities/ops/dispatcher.h"
#include "gpuaas/flow/v1/allocation.pb.h"
#include "gpuaas/flow/v1/region.pb.h"
#include "platform/clock/clock.h"
#include "stores/allocation/allocations.h"
#include "temporal/client/client.h"
#include "tests/mocks/nodes/fake_agent.h"
#include "tests/mocks/nodes/test_pki.h"
#include "tests/mocks/postgres/test_database.h"

namespace gpuaas::testing {

// Everything but the API and the node: a database of its own in the PostgreSQL of GPUAAS_TEST_DATABASE_URL, the
// Temporal of GPUAAS_TEMPORAL_ADDRESS with a task queue of its own, workers in processes of their own (flow_test_worker
// beside the test's binary), and one node of 8 GPUs whose agent is a fake one. Speaks as the API does: intent, then
// dispatch. What cannot be set up ends the process with a message.
class FlowWorld {
 public:
  FlowWorld();
  ~FlowWorld();

  void StartWorker();
  void KillWorker();  // SIGKILL
  int StopWorker();   // SIGTERM; gives the exit status

  AllocationId CreateAllocation(int gpus, std::chrono::seconds lease = std::chrono::hours(1));
  OperationId Release(const AllocationId& id);
  OperationId Extend(const AllocationId& id, std::chrono::seconds by);
  void SendStartAgain(const AllocationId& id);  // a late duplicate

  stores::Allocation Get(const AllocationId& id);
  std::string ResultOf(const AllocationId& id);  // of its workflow's newest run, when that has ended
  // At most 90 s of real time.
  bool WaitForState(const AllocationId& id, domain::AllocationState state);
  bool WaitFor(const std::function<bool()>& condition);

  // A heartbeat of the node that names the allocation's sandbox as running, if there is one.
  void Heartbeat(const AllocationId& running = {});
  void Pulse();          // the API's sign of life
  void StartNodeFlow();  // as enrolment does

  platform::Database& database() { return database_.app(); }
  temporal::Client& client() { return *client_; }
  FakeAgent& agent() { return *agent_; }
  const NodeId& node() const { return node_; }
  // Of workers started from now on.
  flow::v1::FlowLimits& limits() { return limits_; }
  flow::v1::SweepLimits& sweep_limits() { return sweep_limits_; }

 private:
  OperationId Accept(const AllocationId& id, const std::string& kind, const google::protobuf::Message& signal,
                     const OperationId& operation,
                     const std::function<absl::Status(platform::Transaction&, Time)>& accept);
  void Dispatch(const std::string& workflow_id);
  void Seed();
  void Must(const absl::Status& status);

  const platform::SystemClock clock_;
  const std::string name_;  // of region and task queue
  const TestPki pki_;
  const NodeId node_;
  tests::TestDatabase database_;
  std::unique_ptr<FakeAgent> agent_;
  std::shared_ptr<temporal::Client> client_;
  std::unique_ptr<activities::Dispatcher> dispatcher_;
  flow::v1::FlowLimits limits_;
  flow::v1::SweepLimits sweep_limits_;
  stores::Caller caller_;
  std::string ssh_key_;
  pid_t worker_ = 0;
};

}  // namespace gpuaas::testing
