#include "activities/common/failures.h"

#include <gtest/gtest.h>

#include "activities/common/step_registry.h"
#include "domain/status.h"
#include "gpuaas/flow/v1/allocation.pb.h"

namespace gpuaas::activities {
namespace {

using namespace std::chrono_literals;

TEST(Failures, TypeAndRetryabilityFollowFromOurCode) {
  temporal::FailureAttributes attributes;
  ApplyErrorCode(MakeError(ErrorCode::kNodeUnreachable, "dark"), attributes);
  EXPECT_EQ(attributes.type, "node_unreachable");
  EXPECT_FALSE(attributes.non_retryable);
  ApplyErrorCode(MakeError(ErrorCode::kUnknownSshKey, "gone"), attributes);
  EXPECT_EQ(attributes.type, "unknown_ssh_key");
  EXPECT_TRUE(attributes.non_retryable);
  ApplyErrorCode(absl::UnavailableError("of foreign origin"), attributes);
  EXPECT_EQ(attributes.type, "unavailable");
  EXPECT_FALSE(attributes.non_retryable);
}

TEST(Failures, ACancellationKeepsWhatTheSdkMadeOfIt) {
  temporal::FailureAttributes attributes;
  attributes.type = "CANCELLED";
  ApplyErrorCode(absl::CancelledError("stop"), attributes);
  EXPECT_EQ(attributes.type, "CANCELLED");
}

TEST(StepRegistry, KnowsThePauseAfterAFailedAttempt) {
  StepRegistry registry;
  const temporal::Step<flow::v1::StepRequest, flow::v1::Done> step(
      "test.Step", temporal::ActivityOptions(1s).WithRetry(
                       temporal::RetryPolicy().WithInitialInterval(500ms).WithMaximumInterval(3s)));
  registry.Add(step, [](const flow::v1::StepRequest&) -> absl::StatusOr<flow::v1::Done> { return flow::v1::Done(); });
  EXPECT_EQ(registry.PauseAfter("test.Step", 1), 500ms);
  EXPECT_EQ(registry.PauseAfter("test.Step", 2), 1s);
  EXPECT_EQ(registry.PauseAfter("test.Step", 3), 2s);
  EXPECT_EQ(registry.PauseAfter("test.Step", 4), 3s);
  EXPECT_EQ(registry.PauseAfter("test.Step", 10'000), 3s);
}

}  // namespace
}  // namespace gpuaas::activities
