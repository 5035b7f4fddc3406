#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/api/common/v1/message.pb.h"

// Payloads on their way to the server and back: encryption, compression. Works on whatever a converter made; see
// transport/codec_transport.h for where it is applied.
namespace temporal {

using Payload = api::common::v1::Payload;

// Must be thread-safe, and give back by Decode what went into Encode. A payload that it did not encode (its metadata
// say so) should be left by Decode as it is: histories have older ones. May block: it runs on the thread that makes the
// call to the server. Errors: any, also exceptions; they reach the caller as CodecError.
class PayloadCodec {
 public:
  virtual ~PayloadCodec() = default;
  // What to send instead of these payloads, which are one list of arguments, or a single value. At least one for at
  // least one, exactly one for a single value.
  virtual absl::StatusOr<std::vector<Payload>> Encode(std::vector<Payload> payloads) const = 0;
  virtual absl::StatusOr<std::vector<Payload>> Decode(std::vector<Payload> payloads) const = 0;
};

// Several codecs as one: Encode applies the last one first, so that the first has the outermost form; Decode the other
// way round.
class CodecChain : public PayloadCodec {
 public:
  explicit CodecChain(std::vector<std::shared_ptr<const PayloadCodec>> codecs) : codecs_(std::move(codecs)) {}
  absl::StatusOr<std::vector<Payload>> Encode(std::vector<Payload> payloads) const override;
  absl::StatusOr<std::vector<Payload>> Decode(std::vector<Payload> payloads) const override;

 private:
  const std::vector<std::shared_ptr<const PayloadCodec>> codecs_;
};

enum class CodecStep { kNone, kEncode, kDecode };

// The status of a call whose payloads could not be encoded (then it was not made) or decoded (then the server has
// answered): kInternal with the codec's message, a retryable application failure of type "PayloadCodecError" for
// Temporal.
absl::Status CodecError(CodecStep step, const absl::Status& cause);
// Which step of a codec the status tells of; kNone: it is of something else.
CodecStep FailedCodecStep(const absl::Status& status);

}  // namespace temporal
