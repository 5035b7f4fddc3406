#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/workflow/errors.h"
#include "temporal/workflow/internal/cancel_node.h"

// Scopes, and the exceptions that failures become.
namespace temporal {
namespace {

using internal::CancelNode;
using ::testing::ElementsAre;

TEST(CancelNode, calls_back_in_order_then_cancels_children) {
  const auto root = CancelNode::Root();
  const auto child = CancelNode::ChildOf(root);
  std::vector<std::string> seen;
  child->OnCancel([&] { seen.push_back("child:" + child->reason()); });
  root->OnCancel([&] { seen.push_back("first"); });
  const uint64_t forgotten = root->OnCancel([&] { seen.push_back("forgotten"); });
  root->OnCancel([&] { seen.push_back("second"); });
  root->Forget(forgotten);
  root->Cancel("why");
  root->Cancel("again");
  EXPECT_THAT(seen, ElementsAre("first", "second", "child:why"));
}

TEST(CancelNode, a_child_of_a_cancelled_scope_is_cancelled) {
  const auto root = CancelNode::Root();
  root->Cancel("why");
  EXPECT_TRUE(CancelNode::ChildOf(root)->cancelled());
  EXPECT_EQ(CancelNode::ChildOf(root)->reason(), "why");
}

TEST(CancelNode, cancelling_a_child_leaves_its_parent) {
  const auto root = CancelNode::Root();
  CancelNode::ChildOf(root)->Cancel("why");
  EXPECT_FALSE(root->cancelled());
}

TEST(CancelNode, a_callback_may_forget_another) {
  const auto root = CancelNode::Root();
  bool called = false;
  uint64_t second = 0;
  root->OnCancel([&] { root->Forget(second); });
  second = root->OnCancel([&] { called = true; });
  root->Cancel("");
  EXPECT_FALSE(called);
}

api::failure::v1::Failure ActivityFailureOf(api::failure::v1::Failure cause) {
  api::failure::v1::Failure failure;
  failure.set_message("activity failed");
  failure.mutable_activity_failure_info()->mutable_activity_type()->set_name("a");
  *failure.mutable_cause() = std::move(cause);
  return failure;
}

TEST(Errors, become_the_class_that_fits) {
  api::failure::v1::Failure cause;
  cause.set_message("boom");
  cause.mutable_application_failure_info()->set_type("T");
  try {
    std::rethrow_exception(ToException(ActivityFailureOf(cause)));
  } catch (const ActivityError& e) {
    EXPECT_EQ(e.activity_type(), "a");
    EXPECT_EQ(e.type(), "T");
    EXPECT_EQ(std::string(e.what()), "activity failed");
    const auto inner = e.cause();
    ASSERT_NE(dynamic_cast<const ApplicationFailure*>(inner.get()), nullptr);
    EXPECT_FALSE(IsCancellation(e));
    EXPECT_FALSE(inner->has_cause());
    EXPECT_EQ(inner->cause(), nullptr);
  }
}

TEST(Errors, a_cancelled_activity_is_a_cancellation) {
  api::failure::v1::Failure cause;
  cause.mutable_canceled_failure_info();
  EXPECT_THROW(
      {
        try {
          std::rethrow_exception(ToException(ActivityFailureOf(cause)));
        } catch (const WorkflowFailure& e) {
          EXPECT_TRUE(IsCancellation(e));
          throw;
        }
      },
      ActivityError);
  EXPECT_TRUE(IsCancellation(CancelledError("x")));
  EXPECT_FALSE(IsCancellation(ApplicationFailure("x")));
}

TEST(Errors, carry_their_status_both_ways) {
  const ApplicationFailure failure(absl::NotFoundError("no such node"));
  EXPECT_EQ(failure.type(), "NOT_FOUND");
  EXPECT_TRUE(failure.non_retryable());
  EXPECT_EQ(failure.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace temporal
