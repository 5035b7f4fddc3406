#include "temporal/converter/codec.h"

#include <algorithm>
#include <ranges>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "temporal/common/failure.h"
#include "temporal/common/proto.h"

namespace temporal {
namespace {

constexpr char kStep[] = "temporal/payload-codec-step";

}  // namespace

absl::StatusOr<std::vector<Payload>> CodecChain::Encode(std::vector<Payload> payloads) const {
  for (const auto& codec : std::views::reverse(codecs_)) {
    auto encoded = codec->Encode(std::move(payloads));
    if (!encoded.ok()) return encoded.status();
    payloads = *std::move(encoded);
  }
  return payloads;
}

absl::StatusOr<std::vector<Payload>> CodecChain::Decode(std::vector<Payload> payloads) const {
  for (const auto& codec : codecs_) {
    auto decoded = codec->Decode(std::move(payloads));
    if (!decoded.ok()) return decoded.status();
    payloads = *std::move(decoded);
  }
  return payloads;
}

absl::Status CodecError(CodecStep step, const absl::Status& cause) {
  FailureAttributes attributes;
  attributes.type = "PayloadCodecError";
  const bool encode = step == CodecStep::kEncode;
  absl::Status status = ApplicationError(
      absl::StatusCode::kInternal,
      ValidUtf8(absl::StrCat("payloads could not be ", encode ? "encoded" : "decoded", ": ", cause.ToString())),
      attributes);
  status.SetPayload(kStep, absl::Cord(encode ? "encode" : "decode"));
  return status;
}

CodecStep FailedCodecStep(const absl::Status& status) {
  const auto step = status.GetPayload(kStep);
  if (!step) return CodecStep::kNone;
  return *step == "encode" ? CodecStep::kEncode : CodecStep::kDecode;
}

}  // namespace temporal
