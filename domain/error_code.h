#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace gpuaas {

// The closed list of error codes of the system: in REST envelopes, workflow failures and CLI exits. Adding one means
// adding a row to kErrorCodes below and to the contract (api/openapi.yaml); a test holds the two together.
enum class ErrorCode {
  kInvalidArgument,
  kMalformedRequest,
  kPayloadTooLarge,
  kUnsupportedMediaType,
  kIdempotencyKeyRequired,
  kIdempotencyKeyInvalid,
  kIdempotencyKeyReused,
  kIdempotencyKeyExpired,
  kUnauthenticated,
  kTokenExpired,
  kTokenInvalid,
  kInvalidCredentials,
  kPermissionDenied,
  kNotFound,
  kMethodNotAllowed,
  kConflict,
  kInvalidState,
  kUnknownSku,
  kUnknownRegion,
  kUnknownSshKey,
  kQuotaExceeded,
  kNoCapacity,
  kRateLimited,
  kDeadlineExceeded,
  kUnavailable,
  kDatabaseUnavailable,
  kTemporalUnavailable,
  kVaultUnavailable,
  kVaultSealed,
  kVaultDenied,
  kNodeUnreachable,
  kNodeLost,
  kEnrolmentTokenInvalid,
  kEnrolmentTokenUsed,
  kUriTooLong,
  kHeadersTooLarge,
  kNotImplemented,
  kHttpVersionNotSupported,
  kInternal,
};

// What a command ends with; ux.md and `gpuaas help exit-codes` show the same table.
enum class ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kNotPlaced = 3,
  kDenied = 4,
  kDeclined = 5,
  kNotFound = 6,
  kConflict = 7,
  kPending = 8,
  kRateLimited = 9,
  kUnavailable = 10,
  kInterrupted = 130,
};

struct ErrorInfo {
  ErrorCode code;
  std::string_view name;     // as it appears in `code` of the envelope
  int http_status;
  ExitCode exit;
  bool retryable;            // whether an activity that fails with it is tried again
  std::string_view meaning;  // one sentence for documentation and help
};

// In the order of the enum.
inline constexpr std::array kErrorCodes = {
    ErrorInfo{ErrorCode::kInvalidArgument, "invalid_argument", 400, ExitCode::kUsage, false, "A field has a value that is not allowed; details.fields names each one."},
    ErrorInfo{ErrorCode::kMalformedRequest, "malformed_request", 400, ExitCode::kUsage, false, "The request is not well-formed HTTP or JSON."},
    ErrorInfo{ErrorCode::kPayloadTooLarge, "payload_too_large", 413, ExitCode::kUsage, false, "The body is larger than this route takes."},
    ErrorInfo{ErrorCode::kUnsupportedMediaType, "unsupported_media_type", 415, ExitCode::kUsage, false, "The body is not application/json."},
    ErrorInfo{ErrorCode::kIdempotencyKeyRequired, "idempotency_key_required", 400, ExitCode::kUsage, false, "A mutation needs the X-Idempotency-Key header."},
    ErrorInfo{ErrorCode::kIdempotencyKeyInvalid, "idempotency_key_invalid", 400, ExitCode::kUsage, false, "The key must be 1 to 128 visible ASCII characters."},
    ErrorInfo{ErrorCode::kIdempotencyKeyReused, "idempotency_key_reused", 409, ExitCode::kConflict, false, "The key was used with another request."},
    ErrorInfo{ErrorCode::kIdempotencyKeyExpired, "idempotency_key_expired", 409, ExitCode::kConflict, false, "The stored request is older than the time for which keys are kept."},
    ErrorInfo{ErrorCode::kUnauthenticated, "unauthenticated", 401, ExitCode::kDenied, false, "No credentials were presented."},
    ErrorInfo{ErrorCode::kTokenExpired, "token_expired", 401, ExitCode::kDenied, false, "The access token has expired; log in again."},
    ErrorInfo{ErrorCode::kTokenInvalid, "token_invalid", 401, ExitCode::kDenied, false, "The access token is not one of ours."},
    ErrorInfo{ErrorCode::kInvalidCredentials, "invalid_credentials", 401, ExitCode::kDenied, false, "User name or password is wrong."},
    ErrorInfo{ErrorCode::kPermissionDenied, "permission_denied", 403, ExitCode::kDenied, false, "The caller's role does not allow this."},
    ErrorInfo{ErrorCode::kNotFound, "not_found", 404, ExitCode::kNotFound, false, "No such resource in the caller's scope."},
    ErrorInfo{ErrorCode::kMethodNotAllowed, "method_not_allowed", 405, ExitCode::kUsage, false, "The route exists, but not with this method."},
    ErrorInfo{ErrorCode::kConflict, "conflict", 409, ExitCode::kConflict, false, "Another resource with the same unique value exists."},
    ErrorInfo{ErrorCode::kInvalidState, "invalid_state", 409, ExitCode::kConflict, false, "The resource's state does not allow this; details.state tells it."},
    ErrorInfo{ErrorCode::kUnknownSku, "unknown_sku", 400, ExitCode::kUsage, false, "No such SKU in the catalog."},
    ErrorInfo{ErrorCode::kUnknownRegion, "unknown_region", 400, ExitCode::kUsage, false, "The SKU is not offered in this region."},
    ErrorInfo{ErrorCode::kUnknownSshKey, "unknown_ssh_key", 400, ExitCode::kUsage, false, "No such SSH key of the caller."},
    ErrorInfo{ErrorCode::kQuotaExceeded, "quota_exceeded", 409, ExitCode::kNotPlaced, false, "The request exceeds a quota; details tell which."},
    ErrorInfo{ErrorCode::kNoCapacity, "no_capacity", 409, ExitCode::kNotPlaced, false, "No node can hold the request; details say per constraint how many fell out."},
    ErrorInfo{ErrorCode::kRateLimited, "rate_limited", 429, ExitCode::kRateLimited, true, "Too many requests; Retry-After says when to try again."},
    ErrorInfo{ErrorCode::kDeadlineExceeded, "deadline_exceeded", 504, ExitCode::kUnavailable, true, "The answer did not come in time; the outcome is unknown, retry with the same key."},
    ErrorInfo{ErrorCode::kUnavailable, "unavailable", 503, ExitCode::kUnavailable, true, "The service cannot answer now."},
    ErrorInfo{ErrorCode::kDatabaseUnavailable, "database_unavailable", 503, ExitCode::kUnavailable, true, "The database cannot be reached."},
    ErrorInfo{ErrorCode::kTemporalUnavailable, "temporal_unavailable", 503, ExitCode::kUnavailable, true, "The workflow service cannot be reached."},
    ErrorInfo{ErrorCode::kVaultUnavailable, "vault_unavailable", 503, ExitCode::kUnavailable, true, "The secret store cannot be reached."},
    ErrorInfo{ErrorCode::kVaultSealed, "vault_sealed", 503, ExitCode::kUnavailable, true, "The secret store is sealed; an operator has to unseal it."},
    ErrorInfo{ErrorCode::kVaultDenied, "vault_denied", 503, ExitCode::kUnavailable, true, "The secret store refuses our credentials; an operator has to renew them."},
    ErrorInfo{ErrorCode::kNodeUnreachable, "node_unreachable", 503, ExitCode::kUnavailable, true, "The node agent does not answer."},
    ErrorInfo{ErrorCode::kNodeLost, "node_lost", 409, ExitCode::kFailed, false, "The node has been without contact for too long and counts as lost."},
    ErrorInfo{ErrorCode::kEnrolmentTokenInvalid, "enrolment_token_invalid", 401, ExitCode::kDenied, false, "The enrolment token is unknown or expired."},
    ErrorInfo{ErrorCode::kEnrolmentTokenUsed, "enrolment_token_used", 409, ExitCode::kConflict, false, "The enrolment token was used, with another key: it works once."},
    ErrorInfo{ErrorCode::kUriTooLong, "uri_too_long", 414, ExitCode::kUsage, false, "The request's URI is longer than the edge takes."},
    ErrorInfo{ErrorCode::kHeadersTooLarge, "headers_too_large", 431, ExitCode::kUsage, false, "The request's headers are larger than the edge takes."},
    ErrorInfo{ErrorCode::kNotImplemented, "not_implemented", 501, ExitCode::kUsage, false, "The request uses a part of HTTP that the edge does not speak."},
    ErrorInfo{ErrorCode::kHttpVersionNotSupported, "http_version_not_supported", 505, ExitCode::kUsage, false, "The request uses a version of HTTP that the edge does not speak."},
    ErrorInfo{ErrorCode::kInternal, "internal", 500, ExitCode::kFailed, true, "A fault of ours; the correlation id finds it in the logs."},
};

constexpr const ErrorInfo& InfoOf(ErrorCode code) { return kErrorCodes[static_cast<std::size_t>(code)]; }

// The code with that wire name, or nothing.
constexpr std::optional<ErrorCode> ErrorCodeFromName(std::string_view name) {
  for (const ErrorInfo& info : kErrorCodes) {
    if (info.name == name) return info.code;
  }
  return std::nullopt;
}

}  // namespace gpuaas
