#include "domain/status.h"

#include <optional>

#include "absl/strings/cord.h"

namespace gpuaas {
namespace {

constexpr char kCodeUrl[] = "gpuaas/error-code";
constexpr char kDetailsUrl[] = "gpuaas/error-details";

absl::StatusCode CanonicalOf(const ErrorInfo& info) {
  switch (info.http_status) {
    case 400:
    case 405:
    case 413:
    case 415:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kFailedPrecondition;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 503:
      return absl::StatusCode::kUnavailable;
    case 504:
      return absl::StatusCode::kDeadlineExceeded;
    default:
      return absl::StatusCode::kInternal;
  }
}

ErrorCode FromCanonical(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return ErrorCode::kInvalidArgument;
    case absl::StatusCode::kUnauthenticated:
      return ErrorCode::kUnauthenticated;
    case absl::StatusCode::kPermissionDenied:
      return ErrorCode::kPermissionDenied;
    case absl::StatusCode::kNotFound:
      return ErrorCode::kNotFound;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return ErrorCode::kConflict;
    case absl::StatusCode::kFailedPrecondition:
      return ErrorCode::kInvalidState;
    case absl::StatusCode::kResourceExhausted:
      return ErrorCode::kRateLimited;
    case absl::StatusCode::kUnavailable:
      return ErrorCode::kUnavailable;
    case absl::StatusCode::kDeadlineExceeded:
      return ErrorCode::kDeadlineExceeded;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

absl::Status MakeError(ErrorCode code, std::string_view message, std::string_view details_json) {
  const ErrorInfo& info = InfoOf(code);
  absl::Status status(CanonicalOf(info), ToAbsl(message));
  status.SetPayload(kCodeUrl, absl::Cord(ToAbsl(info.name)));
  if (!details_json.empty()) status.SetPayload(kDetailsUrl, absl::Cord(ToAbsl(details_json)));
  return status;
}

ErrorCode ErrorCodeOf(const absl::Status& status) {
  if (auto name = status.GetPayload(kCodeUrl)) {
    if (auto code = ErrorCodeFromName(std::string(*name))) return *code;
  }
  return FromCanonical(status.code());
}

std::string DetailsOf(const absl::Status& status) {
  auto details = status.GetPayload(kDetailsUrl);
  return details ? std::string(*details) : std::string();
}

}  // namespace gpuaas
