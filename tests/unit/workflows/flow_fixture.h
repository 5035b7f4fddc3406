#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "activities/common/failures.h"
#include "domain/status.h"
#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"

namespace gpuaas::workflows {

using namespace std::chrono_literals;

// Flows on an in-memory Temporal whose clock stands still until it is moved, with steps that do nothing but what the
// test says. Each test runs with a sticky cache and without one (the parameter: how many runs are kept).
class FlowFixture : public ::testing::TestWithParam<int> {
 protected:
  // A step that answers with what `answer` makes of the request, unless it was told to fail.
  template <class Request, class Result>
  void Mock(const temporal::Step<Request, Result>& step, std::function<Result(const Request&)> answer) {
    const std::string name(step.name);
    activities_.Add(static_cast<const temporal::ActivityRef<Request, Result>&>(step),
                    [this, name, answer = std::move(answer)](temporal::ActivityContext&,
                                                             const Request& request) -> absl::StatusOr<Result> {
                      if (absl::Status status = Enter(name); !status.ok()) return status;
                      std::lock_guard lock(mutex_);
                      return answer(request);
                    });
  }
  template <class Request, class Result>
  void Mock(const temporal::Step<Request, Result>& step) {
    Mock<Request, Result>(step, [](const Request&) { return Result(); });
  }

  void StartWorker() {
    temporal::WorkerOptions options("gpuaas");
    options.sticky_cache_size = GetParam();
    options.failure_hook = activities::ApplyErrorCode;
    auto worker = temporal::Worker::Create(client_, workflows_, activities_, options);
    ASSERT_TRUE(worker.ok()) << worker.status();
    worker_ = *std::move(worker);
    ASSERT_TRUE(worker_->Start().ok());
  }

  void StopWorker() {
    if (worker_ != nullptr) worker_->Shutdown();
    worker_.reset();
  }

  void TearDown() override { StopWorker(); }

  // The next `times` attempts of the step fail so.
  void Fail(const std::string& step, ErrorCode code, int times = 1'000'000) {
    std::lock_guard lock(mutex_);
    failures_[step] = {code, times};
  }

  // Moves the clock after everything that was due is done, and waits until what becomes due then is done too.
  void Advance(temporal::Duration by) {
    ASSERT_TRUE(service_->WaitIdle());
    service_->Advance(by);
    ASSERT_TRUE(service_->WaitIdle());
  }

  // Whether its newest run goes on from an earlier one.
  bool HasContinuedAsNew(const std::string& workflow_id) {
    const auto history = service_->History(workflow_id);
    return history.events_size() > 0 &&
           !history.events(0).workflow_execution_started_event_attributes().continued_execution_run_id().empty();
  }

  // Names of the steps that were tried, in order.
  std::vector<std::string> Calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  int CallsOf(const std::string& step) {
    std::lock_guard lock(mutex_);
    return static_cast<int>(std::count(calls_.begin(), calls_.end(), step));
  }

  std::shared_ptr<temporal::testing::FakeService> service_ = std::make_shared<temporal::testing::FakeService>();
  std::shared_ptr<temporal::Client> client_ = std::make_shared<temporal::Client>(service_);
  temporal::WorkflowRegistry workflows_;
  temporal::ActivityRegistry activities_;
  std::mutex mutex_;

 private:
  absl::Status Enter(const std::string& step) {
    std::lock_guard lock(mutex_);
    calls_.push_back(step);
    const auto failure = failures_.find(step);
    if (failure == failures_.end() || failure->second.second == 0) return absl::OkStatus();
    --failure->second.second;
    return MakeError(failure->second.first, "as the test says");
  }

  std::unique_ptr<temporal::Worker> worker_;
  std::vector<std::string> calls_;
  std::map<std::string, std::pair<ErrorCode, int>> failures_;
};

}  // namespace gpuaas::workflows
