#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "temporal/common/failure.h"

namespace temporal::api::failure::v1 {
class Failure;
}

// absl::Status <-> Failure. Both directions keep the cause chain; a status decoded from a Failure and encoded again
// gives the same Failure.
namespace temporal {

using Failure = api::failure::v1::Failure;

// The Failure for a status that is not OK: the one it carries, else an ApplicationFailure whose type and retryability
// come from AttributesOf and then from `hook`; kCancelled becomes a CanceledFailure only with as_cancelled (the
// cancellation was asked for).
Failure ToFailure(const absl::Status& status, const FailureHook& hook = nullptr, bool as_cancelled = false);

// The status for a Failure. The code: of an application failure whose type is the name of a code ("NOT_FOUND"), that
// code, else kUnknown; timeout kDeadlineExceeded; cancelled kCancelled; terminated kAborted; server kInternal; activity
// and child workflow failures have the code of their cause. The message is that of the innermost cause.
absl::Status FromFailure(const Failure& failure);

// Whether the status carries a Failure; if so and `failure` is not null, copies it there.
bool CarriedFailure(const absl::Status& status, Failure* failure);

// Moves message and stack trace of the whole chain into encoded_attributes (json/plain), where a payload codec covers
// them too, and back.
void EncodeAttributes(Failure& failure);
void DecodeAttributes(Failure& failure);

}  // namespace temporal
