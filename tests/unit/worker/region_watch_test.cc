#include "worker/region_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "temporal/client/client.h"
#include "temporal/testing/fake/fake_service.h"

namespace gpuaas::worker {
namespace {

using namespace std::chrono_literals;

constexpr char kId[] = "region-watch/us-buffalo-1";
constexpr char kStart[] = "StartWorkflowExecution";

class RegionWatchTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<RegionWatch>> Start(std::chrono::milliseconds pause) {
    flow::v1::RegionWatchRequest request;
    request.set_region("us-buffalo-1");
    return RegionWatch::Start(client_, request, "gpuaas", pause);
  }
  std::string Run() {
    return service_->History(kId).events(0).workflow_execution_started_event_attributes().first_execution_run_id();
  }
  bool Runs() {
    const auto history = service_->History(kId);
    return history.events_size() > 0 && history.events(history.events_size() - 1).event_type() !=
                                            temporal::api::enums::v1::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED;
  }

  std::shared_ptr<temporal::testing::FakeService> service_ = std::make_shared<temporal::testing::FakeService>();
  std::shared_ptr<temporal::Client> client_ = std::make_shared<temporal::Client>(service_);
};

TEST_F(RegionWatchTest, OneRunsHoweverManyWorkersSeeToIt) {
  const auto first = Start(1h);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string run = Run();
  const auto second = Start(1h);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Run(), run);
}

TEST_F(RegionWatchTest, AWatchThatWasTerminatedIsStartedAgainAlsoAfterAnOutage) {
  const auto watch = Start(1ms);
  ASSERT_TRUE(watch.ok()) << watch.status();
  service_->FailNext(kStart, absl::UnavailableError("not now"), 5);
  ASSERT_TRUE(client_->Terminate(kId, "by mistake").ok());
  ASSERT_TRUE(service_->WaitForCalls(kStart, service_->Calls(kStart) + 10));
  EXPECT_TRUE(Runs());
}

TEST_F(RegionWatchTest, TheFirstFailureIsTold) {
  service_->FailNext(kStart, absl::NotFoundError("no such namespace"), 1'000);
  EXPECT_TRUE(absl::IsNotFound(Start(1h).status()));
}

}  // namespace
}  // namespace gpuaas::worker
