#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "temporal/api/common/v1/message.pb.h"
#include "temporal/common/retry_policy.h"
#include "temporal/common/time.h"

// Between the SDK's types and protobuf's. For .cc files.
namespace temporal {

google::protobuf::Duration ToProto(Duration duration);
google::protobuf::Timestamp ToProto(Time time);
Duration FromProto(const google::protobuf::Duration& duration);
Time FromProto(const google::protobuf::Timestamp& time);

api::common::v1::RetryPolicy ToProto(const RetryPolicy& policy);
RetryPolicy FromProto(const api::common::v1::RetryPolicy& policy);

// The text with each byte that is not UTF-8 replaced by '?': protobuf strings must be UTF-8, messages of errors may be
// anything.
std::string ValidUtf8(std::string_view text);

// A random UUID (version 4). Not for workflow code.
std::string NewUuid();

}  // namespace temporal
