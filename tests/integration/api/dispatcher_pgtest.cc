#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "activities/ops/dispatcher.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "stores/iam/users.h"
#include "stores/ops/items.h"
#include "stores/ops/operations.h"
#include "stores/ops/outbox.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/client/client.h"
#include "tests/mocks/postgres/test_database.h"

namespace gpuaas::tests {
namespace {

using namespace std::chrono_literals;
using platform::Transaction;
using testing::ElementsAre;
using testing::IsEmpty;

// A workflow service that answers as the test says, and remembers the signals and starts in their order.
class ScriptedTransport final : public temporal::Transport {
 public:
  absl::Status Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message&,
                    const temporal::CallOptions&) override {
    namespace service = temporal::api::workflowservice::v1;
    std::string name;
    if (const auto* signal = dynamic_cast<const service::SignalWorkflowExecutionRequest*>(&request)) {
      name = signal->workflow_execution().workflow_id() + " " + signal->signal_name();
    } else if (const auto* start = dynamic_cast<const service::StartWorkflowExecutionRequest*>(&request)) {
      name = start->workflow_id() + " start";
    }
    {
      std::lock_guard lock(mutex_);
      calls_.push_back(name);
    }
    return answer(name);
  }

  std::vector<std::string> TakeCalls() {
    std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }

  std::function<absl::Status(const std::string&)> answer = [](const std::string&) { return absl::OkStatus(); };

 private:
  std::mutex mutex_;
  std::vector<std::string> calls_;
};

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest()
      : client_(std::make_shared<temporal::Client>(transport_)),
        dispatcher_(activities::NewDispatcher(db(), client_, clock_)) {
    tenant_ = InSystem<TenantId>([&](Transaction& tx) -> absl::StatusOr<TenantId> {
      GPUAAS_ASSIGN_OR_RETURN(const auto tenant, stores::EnsureTenant(tx, "acme", clock_.Now()));
      return tenant.id;
    });
  }

  platform::Database& db() { return database_.app(); }

  template <typename T>
  T InSystem(absl::FunctionRef<absl::StatusOr<T>(Transaction&)> body) {
    auto result = db().TransactFor<T>(platform::SystemScope(), body);
    if (!result.ok()) throw std::runtime_error(result.status().ToString());
    return *std::move(result);
  }

  std::int64_t Enqueue(const std::string& workflow, const std::string& name, const OperationId& operation = {}) {
    return InSystem<std::int64_t>([&](Transaction& tx) {
      return stores::EnqueueOutbox(
          tx, {.tenant = tenant_,
               .workflow_id = workflow,
               .kind = name == "start" ? stores::kOutboxStartWorkflow : stores::kOutboxSignalWorkflow,
               .name = name,
               .payload_json = "{}",
               .correlation_id = "corr_1",
               .operation = operation,
               .now = clock_.Now()});
    });
  }

  OperationId RunningOperation(const std::string& kind) {
    const auto id = OperationId::New(clock_.Now());
    InSystem<stores::Operation>([&](Transaction& tx) {
      return stores::CreateOperation(tx, {.id = id,
                                          .caller = {.tenant = tenant_, .principal = "usr_1"},
                                          .resource_kind = "allocation",
                                          .resource_id = "a",
                                          .kind = kind,
                                          .now = clock_.Now()});
    });
    return id;
  }

  std::int64_t Unsent() {
    return InSystem<stores::OutboxBacklog>([&](Transaction& tx) { return stores::GetOutboxBacklog(tx, clock_.Now()); })
        .unsent;
  }

  // "kind of resource" of the open ones.
  std::vector<std::string> Items() {
    std::vector<std::string> items;
    for (const auto& item : InSystem<std::vector<stores::OpsItem>>(
             [&](Transaction& tx) { return stores::ListOpsItems(tx, /*with_closed=*/false, 100); })) {
      items.push_back(item.kind + " of " + item.resource_kind + " " + item.resource_id);
    }
    return items;
  }

  TestDatabase database_;
  platform::ManualClock clock_;
  TenantId tenant_;
  std::shared_ptr<ScriptedTransport> transport_ = std::make_shared<ScriptedTransport>();
  std::shared_ptr<temporal::Client> client_;
  std::unique_ptr<activities::Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, AServiceThatHangsHoldsNoConnectionAndNoLock) {
  std::promise<void> called;
  std::promise<void> go_on;
  auto gate = go_on.get_future().share();
  transport_->answer = [&, first = true](const std::string&) mutable {
    if (std::exchange(first, false)) {
      called.set_value();
      gate.wait();
    }
    return absl::OkStatus();
  };
  Enqueue("allocation/a", "start");
  auto dispatched = std::async(std::launch::async, [&] { return dispatcher_->Dispatch("allocation/a"); });
  called.get_future().wait();
  EXPECT_EQ(db().Stats().in_use, 0);
  Enqueue("allocation/a", "release");
  Enqueue("allocation/b", "release");
  const auto beside = activities::NewDispatcher(db(), client_, clock_);
  EXPECT_EQ(*beside->DispatchPending(10), 1) << "only the other resource's";
  go_on.set_value();
  EXPECT_TRUE(dispatched.get().ok());
  EXPECT_THAT(transport_->TakeCalls(),
              ElementsAre("allocation/a start", "allocation/b release", "allocation/a release"));
  EXPECT_EQ(Unsent(), 0);
}

TEST_F(DispatcherTest, WhatACrashLeftIsSentAgain) {
  Enqueue("allocation/a", "start");
  InSystem<std::vector<stores::OutboxRow>>([&](Transaction& tx) {  // claimed, perhaps sent, and never heard of again
    return stores::ClaimOutbox(tx, clock_.Now(), clock_.Now() + 10s, 10);
  });
  EXPECT_EQ(*dispatcher_->DispatchPending(10), 0);
  clock_.Advance(10s);
  EXPECT_EQ(*dispatcher_->DispatchPending(10), 1);
  EXPECT_THAT(transport_->TakeCalls(), ElementsAre("allocation/a start"));
}

TEST_F(DispatcherTest, NothingIsSentAfterItsHoldHasEnded) {
  for (const char* resource : {"allocation/a", "allocation/b", "allocation/c", "allocation/d"}) {
    Enqueue(resource, "release");
  }
  transport_->answer = [&](const std::string&) {
    clock_.Advance(4s);
    return absl::OkStatus();
  };
  EXPECT_EQ(*dispatcher_->DispatchPending(10), 2) << "a third call could outlast the 10 s";
  EXPECT_EQ(*dispatcher_->DispatchPending(10), 2) << "the others are due at once";
  EXPECT_THAT(transport_->TakeCalls(), ElementsAre("allocation/a release", "allocation/b release",
                                                   "allocation/c release", "allocation/d release"));
}

TEST_F(DispatcherTest, OnlyOneCallerAtATimeFindsOutWhetherASilentServiceAnswersAgain) {
  Enqueue("allocation/a", "start");
  Enqueue("allocation/b", "start");
  transport_->answer = [](const std::string&) { return absl::DeadlineExceededError("silence"); };
  EXPECT_FALSE(dispatcher_->Dispatch("allocation/a").ok());
  EXPECT_FALSE(dispatcher_->Dispatch("allocation/b").ok());
  EXPECT_THAT(transport_->TakeCalls(), ElementsAre("allocation/a start")) << "the second one was not kept waiting";
  clock_.Advance(3s);
  transport_->answer = [&](const std::string&) {
    EXPECT_FALSE(dispatcher_->Dispatch("allocation/a").ok()) << "while another one finds out";
    transport_->answer = [](const std::string&) { return absl::OkStatus(); };
    return absl::OkStatus();
  };
  EXPECT_TRUE(dispatcher_->Dispatch("allocation/b").ok());
  EXPECT_TRUE(dispatcher_->Dispatch("allocation/a").ok());
  EXPECT_THAT(transport_->TakeCalls(), ElementsAre("allocation/b start", "allocation/a start"));
}

TEST_F(DispatcherTest, ASignalIsGivenUpOnlyIfNobodyWaitsForItsOperation) {
  const OperationId operation = RunningOperation("release");
  Enqueue("allocation/a", "release", operation);
  transport_->answer = [](const std::string&) { return absl::NotFoundError("Namespace default is not found."); };
  EXPECT_FALSE(dispatcher_->Dispatch("allocation/a").ok());
  EXPECT_THAT(Items(), IsEmpty());
  clock_.Advance(1s);
  transport_->answer = [](const std::string&) { return temporal::NoSuchExecution("already completed"); };
  EXPECT_TRUE(dispatcher_->Dispatch("allocation/a").ok());
  EXPECT_EQ(Unsent(), 1);
  EXPECT_THAT(Items(), ElementsAre("workflow_missing of allocation a"));
  InSystem<bool>(
      [&](Transaction& tx) { return stores::FinishOperation(tx, operation, absl::OkStatus(), clock_.Now()); });
  clock_.Advance(60s);
  EXPECT_EQ(*dispatcher_->DispatchPending(10), 1);
  EXPECT_EQ(Unsent(), 0);
  EXPECT_THAT(Items(), IsEmpty());
}

// Its workflow was terminated, then reset: what was accepted meanwhile reaches it.
TEST_F(DispatcherTest, ASignalWaitsForAWorkflowThatComesBack) {
  Enqueue("allocation/a", "release", RunningOperation("release"));
  transport_->answer = [](const std::string&) { return temporal::NoSuchExecution("already completed"); };
  EXPECT_TRUE(dispatcher_->Dispatch("allocation/a").ok());
  clock_.Advance(60s);
  transport_->answer = [](const std::string&) { return absl::OkStatus(); };
  transport_->TakeCalls();
  EXPECT_EQ(*dispatcher_->DispatchPending(10), 1);
  EXPECT_THAT(transport_->TakeCalls(), ElementsAre("allocation/a release"));
  EXPECT_EQ(Unsent(), 0);
  EXPECT_THAT(Items(), IsEmpty());
}

TEST_F(DispatcherTest, ARowThatIsRefusedAgainAndAgainRaisesAnItem) {
  Enqueue("allocation/a", "start");
  transport_->answer = [](const std::string& call) {
    return call.starts_with("allocation/a") ? absl::InvalidArgumentError("BadInput") : absl::OkStatus();
  };
  for (int attempt = 1; attempt <= 5; ++attempt) {
    EXPECT_THAT(Items(), IsEmpty()) << attempt;
    Enqueue("allocation/b", "release");
    EXPECT_FALSE(dispatcher_->DispatchPending(10).ok());
    EXPECT_EQ(Unsent(), 1) << "the others go on";
    clock_.Advance(60s);
  }
  EXPECT_THAT(Items(), ElementsAre("outbox_stuck of allocation a"));
  transport_->answer = [](const std::string&) { return absl::OkStatus(); };
  EXPECT_EQ(*dispatcher_->DispatchPending(10), 1);
  EXPECT_THAT(Items(), IsEmpty());
}

}  // namespace
}  // namespace gpuaas::tests
