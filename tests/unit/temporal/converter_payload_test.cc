#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/converter/payload.h"

namespace temporal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Encoding(const Payload& payload) { return payload.metadata().at("encoding"); }

template <class T>
T RoundTrip(const T& value) {
  const auto payload = ToPayload(value);
  EXPECT_TRUE(payload.ok()) << payload.status();
  auto back = FromPayload<T>(*payload);
  EXPECT_TRUE(back.ok()) << back.status();
  return *std::move(back);
}

TEST(Payload, MessagesAreReadableJson) {
  api::common::v1::WorkflowExecution execution;
  execution.set_workflow_id("order/1");
  const auto payload = ToPayload(execution);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(Encoding(*payload), "json/protobuf");
  EXPECT_EQ(payload->metadata().at("messageType"), "temporal.api.common.v1.WorkflowExecution");
  EXPECT_EQ(payload->data(), R"({"workflowId":"order/1"})");
  EXPECT_EQ(RoundTrip(execution).workflow_id(), "order/1");
}

TEST(Payload, MessagesCanBeBinaryAndBothAreRead) {
  BinaryProto<api::common::v1::WorkflowExecution> wrapped;
  wrapped.message.set_run_id("r");
  const auto payload = ToPayload(wrapped);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(Encoding(*payload), "binary/protobuf");
  const auto plain = FromPayload<api::common::v1::WorkflowExecution>(*payload);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->run_id(), "r");
}

TEST(Payload, FieldsOfANewerSenderAreIgnored) {
  Payload payload = *ToPayload(api::common::v1::WorkflowExecution());
  payload.set_data(R"({"workflowId":"a","inventedTomorrow":{"x":1}})");
  EXPECT_EQ(FromPayload<api::common::v1::WorkflowExecution>(payload)->workflow_id(), "a");
}

TEST(Payload, ScalarsAreJson) {
  EXPECT_EQ(ToPayload(std::string("a\"b"))->data(), R"("a\"b")");
  EXPECT_EQ(ToPayload(true)->data(), "true");
  EXPECT_EQ(ToPayload(-7)->data(), "-7");
  EXPECT_EQ(Encoding(*ToPayload(1.5)), "json/plain");
  EXPECT_EQ(RoundTrip(std::string("grüße")), "grüße");
  EXPECT_EQ(RoundTrip(std::numeric_limits<int64_t>::min()), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(RoundTrip(std::numeric_limits<uint64_t>::max()), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(RoundTrip(0.1), 0.1);
  EXPECT_EQ(RoundTrip(false), false);
}

TEST(Payload, NumbersThatDoNotFitAreRefused) {
  EXPECT_EQ(FromPayload<int32_t>(*ToPayload(int64_t{1} << 40)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FromPayload<int64_t>(*ToPayload(std::numeric_limits<uint64_t>::max())).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(FromPayload<uint32_t>(*ToPayload(-1)).ok());
  EXPECT_FALSE(FromPayload<bool>(*ToPayload(1)).ok());
}

TEST(Payload, NothingAndBytes) {
  EXPECT_EQ(Encoding(*ToPayload(Nothing())), "binary/null");
  EXPECT_EQ(Encoding(*ToPayload(Bytes{"\x01\xff"})), "binary/plain");
  EXPECT_EQ(RoundTrip(Bytes{"\x01\xff"}), Bytes{"\x01\xff"});
}

TEST(Payload, AnythingElseGoesThroughJson) {
  const std::vector<std::string> list = {"a", "b"};
  EXPECT_EQ(ToPayload(list)->data(), R"(["a","b"])");
  EXPECT_EQ(RoundTrip(list), list);
}

TEST(Payload, ErrorsNameEncodingsAndNeverTheData) {
  const auto mismatch = FromPayload<std::string>(*ToPayload(Bytes{"s3cret"}));
  EXPECT_EQ(mismatch.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(mismatch.status().message()), HasSubstr("binary/plain"));
  const auto type = FromPayload<int>(*ToPayload(std::string("s3cret")));
  EXPECT_THAT(std::string(type.status().message()), Not(HasSubstr("s3cret")));
  const auto message = FromPayload<api::common::v1::WorkflowExecution>(*ToPayload(std::string("s3cret")));
  EXPECT_THAT(std::string(message.status().message()), Not(HasSubstr("s3cret")));
  const auto list = FromPayload<std::vector<int>>(*ToPayload(std::string("s3cret")));
  EXPECT_EQ(list.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(list.status().message()), Not(HasSubstr("s3cret")));
}

TEST(Payload, TextThatIsNotUtf8IsMadeSo) {
  const auto payload = ToPayload(std::string("a\xff"));
  ASSERT_TRUE(payload.ok());
  EXPECT_TRUE(FromPayload<std::string>(*payload).ok());
}

TEST(Payload, ArgumentLists) {
  EXPECT_EQ(ToPayloads(Nothing())->payloads_size(), 0);
  EXPECT_EQ(ToPayloads(std::string("x"))->payloads_size(), 1);
  const std::tuple<std::string, int> both("x", 3);
  const auto list = ToPayloads(both);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->payloads_size(), 2);
  EXPECT_EQ((*FromPayloads<std::tuple<std::string, int>>(*list)), both);
  EXPECT_EQ(FromPayloads<std::string>(Payloads()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(FromPayloads<Nothing>(*list).ok()) << "arguments nobody asked for are ignored";
}

}  // namespace
}  // namespace temporal
