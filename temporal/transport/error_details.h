#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "temporal/common/strings.h"

// What a Temporal server says about an error beside its code and message: messages of temporal/api/errordetails/v1,
// kept in the status.
namespace temporal {

// The detail of type T, if the server gave one. For example, of a start that failed with kAlreadyExists:
//   ErrorDetail<api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure>(status)->run_id()
template <class T>
std::optional<T> ErrorDetail(const absl::Status& status) {
  const auto payload = status.GetPayload("type.googleapis.com/" + T::descriptor()->full_name());
  T detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

template <class T>
void SetErrorDetail(absl::Status& status, const T& detail) {
  status.SetPayload("type.googleapis.com/" + T::descriptor()->full_name(),
                    absl::Cord(ToAbsl(detail.SerializeAsString())));
}

// The status for an error of the server. `details`: a serialized google.rpc.Status, or nothing. An operation of several
// in one (update-with-start) that failed speaks for all of them.
absl::Status WithErrorDetails(absl::StatusCode code, std::string_view message, std::string_view details);

}  // namespace temporal
