#include "temporal/common/proto.h"

#include <algorithm>
#include <array>
#include <random>

namespace temporal {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using std::chrono::seconds;

google::protobuf::Duration ToProto(Duration duration) {
  const auto whole = duration_cast<seconds>(duration);
  google::protobuf::Duration proto;
  proto.set_seconds(whole.count());
  proto.set_nanos(static_cast<int32_t>((duration - whole).count()));
  return proto;
}

google::protobuf::Timestamp ToProto(Time time) {
  const auto since = duration_cast<nanoseconds>(time.time_since_epoch());
  const auto whole = std::chrono::floor<seconds>(since);
  google::protobuf::Timestamp proto;
  proto.set_seconds(whole.count());
  proto.set_nanos(static_cast<int32_t>((since - whole).count()));
  return proto;
}

namespace {

// protobuf's go further than nanoseconds in 64 bits: cut to 145 years, so that a time plus a duration is still a time.
Duration Within(int64_t count, int32_t nanos) {
  constexpr int64_t kMost = 4'600'000'000;
  return seconds(std::clamp(count, -kMost, kMost)) + nanoseconds(nanos);
}

}  // namespace

Duration FromProto(const google::protobuf::Duration& duration) { return Within(duration.seconds(), duration.nanos()); }

Time FromProto(const google::protobuf::Timestamp& time) {
  return Time(duration_cast<Time::duration>(Within(time.seconds(), time.nanos())));
}

api::common::v1::RetryPolicy ToProto(const RetryPolicy& policy) {
  api::common::v1::RetryPolicy proto;
  *proto.mutable_initial_interval() = ToProto(policy.initial_interval);
  proto.set_backoff_coefficient(policy.backoff_coefficient);
  if (policy.maximum_interval > Duration(0)) *proto.mutable_maximum_interval() = ToProto(policy.maximum_interval);
  proto.set_maximum_attempts(policy.maximum_attempts);
  for (const std::string& type : policy.non_retryable_error_types) proto.add_non_retryable_error_types(type);
  return proto;
}

RetryPolicy FromProto(const api::common::v1::RetryPolicy& proto) {
  RetryPolicy policy;
  policy.initial_interval = FromProto(proto.initial_interval());
  policy.backoff_coefficient = proto.backoff_coefficient();
  policy.maximum_interval = FromProto(proto.maximum_interval());
  policy.maximum_attempts = proto.maximum_attempts();
  policy.non_retryable_error_types.assign(proto.non_retryable_error_types().begin(),
                                          proto.non_retryable_error_types().end());
  return policy;
}

namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none.
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                        : (first & 0xF0) == 0xE0         ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies above U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
  if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

}  // namespace

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) {
      valid += '?';
      text.remove_prefix(1);
    } else {
      valid += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return valid;
}

std::string NewUuid() {
  thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  std::array<uint64_t, 2> bits{random(), random()};
  bits[0] = (bits[0] & ~0xF000ULL) | 0x4000ULL;
  bits[1] = (bits[1] & ~(0xC0ULL << 56)) | (0x80ULL << 56);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
    text += kHex[(bits[i / 16] >> (60 - 4 * (i % 16))) & 0xF];
  }
  return text;
}

}  // namespace temporal
