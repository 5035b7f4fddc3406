#include <gtest/gtest.h>

#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/common/proto.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/converter/payload.h"

namespace temporal {
namespace {

TEST(FailureConverter, TheTableDecidesWhatIsRetried) {
  const Failure unavailable = ToFailure(absl::UnavailableError("down"));
  EXPECT_EQ(unavailable.message(), "down");
  EXPECT_EQ(unavailable.application_failure_info().type(), "UNAVAILABLE");
  EXPECT_FALSE(unavailable.application_failure_info().non_retryable());
  EXPECT_TRUE(ToFailure(absl::InvalidArgumentError("no")).application_failure_info().non_retryable());
  EXPECT_TRUE(ToFailure(absl::NotFoundError("no")).application_failure_info().non_retryable());
}

TEST(FailureConverter, TheHookHasTheLastWord) {
  const FailureHook hook = [](const absl::Status& status, FailureAttributes& attributes) {
    EXPECT_EQ(attributes.type, "NOT_FOUND");
    attributes.type = "unknown_sku";
    attributes.non_retryable = false;
    attributes.next_retry_delay = std::chrono::milliseconds(1500);
  };
  const Failure failure = ToFailure(absl::NotFoundError("no such SKU"), hook);
  EXPECT_EQ(failure.application_failure_info().type(), "unknown_sku");
  EXPECT_FALSE(failure.application_failure_info().non_retryable());
  EXPECT_EQ(failure.application_failure_info().next_retry_delay().nanos(), 500'000'000);
}

TEST(FailureConverter, AttributesTravelInTheStatus) {
  FailureAttributes attributes;
  attributes.type = "no_capacity";
  attributes.non_retryable = true;
  const absl::Status status = ApplicationError(absl::StatusCode::kUnavailable, "full", attributes);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(AttributesOf(status).type, "no_capacity");
  EXPECT_TRUE(ToFailure(status).application_failure_info().non_retryable());
  EXPECT_EQ(FailureType(FromFailure(ToFailure(status))), "no_capacity");
}

TEST(FailureConverter, OnlyAnAskedForCancellationIsACancelledFailure) {
  EXPECT_TRUE(ToFailure(absl::CancelledError("stop"), nullptr, true).has_canceled_failure_info());
  EXPECT_TRUE(ToFailure(absl::CancelledError("stop")).has_application_failure_info());
  EXPECT_TRUE(ToFailure(absl::InternalError("x"), nullptr, true).has_application_failure_info());
}

TEST(FailureConverter, AnAskedForCancellationKeepsItsDetails) {
  Failure stopped;
  *stopped.mutable_canceled_failure_info()->mutable_details()->add_payloads() = *ToPayload(std::string("half done"));
  const Failure told = ToFailure(FromFailure(stopped), nullptr, /*as_cancelled=*/true);
  EXPECT_EQ(told.canceled_failure_info().details().payloads_size(), 1);
}

Failure ActivityFailure(const Failure& cause) {
  Failure failure;
  failure.set_message("activity error");
  failure.mutable_activity_failure_info()->set_activity_id("7");
  *failure.mutable_cause() = cause;
  return failure;
}

TEST(FailureConverter, TheChainSurvivesBothWays) {
  const Failure outer = ActivityFailure(ToFailure(absl::NotFoundError("gone")));
  const absl::Status status = FromFailure(outer);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "gone");
  EXPECT_EQ(ToFailure(status).SerializeAsString(), outer.SerializeAsString());
  Failure carried;
  ASSERT_TRUE(CarriedFailure(status, &carried));
  EXPECT_EQ(carried.activity_failure_info().activity_id(), "7");
  EXPECT_FALSE(CarriedFailure(absl::InternalError("plain"), nullptr));
}

TEST(FailureConverter, CodesOfServerMadeFailures) {
  Failure timeout;
  timeout.mutable_timeout_failure_info()->set_timeout_type(api::enums::v1::TIMEOUT_TYPE_HEARTBEAT);
  EXPECT_EQ(FromFailure(ActivityFailure(timeout)).code(), absl::StatusCode::kDeadlineExceeded);
  Failure terminated;
  terminated.mutable_terminated_failure_info();
  EXPECT_EQ(FromFailure(terminated).code(), absl::StatusCode::kAborted);
  Failure foreign;
  foreign.mutable_application_failure_info()->set_type("java.lang.IllegalStateException");
  EXPECT_EQ(FromFailure(foreign).code(), absl::StatusCode::kUnknown);
}

TEST(FailureConverter, EncodedAttributesHideTheWholeChain) {
  Failure failure = ActivityFailure(ToFailure(absl::NotFoundError("private detail")));
  const std::string before = failure.SerializeAsString();
  EncodeAttributes(failure);
  EXPECT_EQ(failure.message(), "Encoded failure");
  EXPECT_EQ(failure.cause().message(), "Encoded failure");
  EncodeAttributes(failure);  // once is enough
  DecodeAttributes(failure);
  EXPECT_EQ(failure.SerializeAsString(), before);
}

TEST(FailureConverter, EncodedAttributesOfOthersAreReadOnlyIfTheyAreTexts) {
  for (const char* hidden : {R"({"message":5})", R"({"stack_trace":"x"})", "[]", "{", ""}) {
    Failure failure;
    failure.set_message("shown");
    *failure.mutable_encoded_attributes() = converter_internal::JsonPayload(hidden);
    DecodeAttributes(failure);
    EXPECT_EQ(failure.message(), "shown") << hidden;
    EXPECT_TRUE(failure.has_encoded_attributes()) << hidden;
  }
  Failure failure;
  *failure.mutable_encoded_attributes() = converter_internal::JsonPayload(R"({"message":"m","stack_trace":5})");
  EXPECT_EQ(FromFailure(failure).message(), "m") << "hidden without a codec";
}

TEST(FailureConverter, MessagesBecomeValidUtf8) {
  EXPECT_EQ(ToFailure(absl::InternalError("bad \xff\xfe text")).message(), "bad ?? text");
  EXPECT_EQ(ValidUtf8("grüße \xe2\x82\xac"), "grüße €");
  EXPECT_EQ(ValidUtf8("\xed\xa0\x80"), "???") << "a surrogate";
  EXPECT_EQ(ValidUtf8("\xe2\x82"), "??") << "cut off";
}

TEST(Proto, TimesBeforeTheEpochAndUuids) {
  const Time time = Time(std::chrono::milliseconds(-1500));
  EXPECT_EQ(FromProto(ToProto(time)), time);
  EXPECT_EQ(ToProto(time).nanos(), 500'000'000);
  const std::string uuid = NewUuid();
  EXPECT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(uuid, NewUuid());
}

}  // namespace
}  // namespace temporal
