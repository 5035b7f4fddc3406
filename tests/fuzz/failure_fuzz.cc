#include <cstddef>
#include <cstdint>
#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/workflow/errors.h"

// A failure of anybody's becomes a status and an exception; a status keeps it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  temporal::Failure failure;
  if (!failure.ParseFromArray(data, static_cast<int>(size))) return 0;
  const absl::Status status = temporal::FromFailure(failure);
  const temporal::Failure back = temporal::ToFailure(status);
  const temporal::Failure again = temporal::ToFailure(temporal::FromFailure(back));
  if (!google::protobuf::util::MessageDifferencer::Equivalent(again, back)) __builtin_trap();
  static_cast<void>(temporal::FailureType(status));
  static_cast<void>(temporal::AttributesOf(status));
  try {
    std::rethrow_exception(temporal::ToException(failure));
  } catch (const temporal::WorkflowFailure& thrown) {
    for (auto cause = thrown.cause(); cause != nullptr; cause = cause->cause()) static_cast<void>(cause->type());
  }
  temporal::EncodeAttributes(failure);
  temporal::DecodeAttributes(failure);
  return 0;
}
