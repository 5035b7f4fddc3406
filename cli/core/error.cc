#include "cli/core/error.h"

#include <utility>

#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

// What helps whoever gets this code, where the command itself has no better advice.
std::string_view AdviceFor(std::string_view code) {
  if (code == "unauthenticated" || code == "token_expired" || code == "token_invalid") {
    return "log in: gpuaas auth dev-login --username NAME --password-stdin";
  }
  if (code == "permission_denied") return "gpuaas auth whoami shows your roles, gpuaas context show the project";
  if (code == "idempotency_key_reused") return "use another --idempotency-key, or repeat the first request unchanged";
  if (code == "unknown_sku" || code == "unknown_region") return "gpuaas catalog list shows SKUs and their regions";
  if (code == "unknown_ssh_key") return "gpuaas ssh-keys list shows your keys, gpuaas ssh-keys create adds one";
  if (code == "rate_limited") return "wait a little, then try again";
  if (ExitOf(code) == ExitCode::kUnavailable) return "try again in a moment; gpuaas api /health shows what is down";
  return {};
}

ErrorCode CodeOfStatus(int status) {
  switch (status) {
    case 401:
      return ErrorCode::kUnauthenticated;
    case 403:
      return ErrorCode::kPermissionDenied;
    case 404:
      return ErrorCode::kNotFound;
    case 405:
      return ErrorCode::kMethodNotAllowed;
    case 409:
      return ErrorCode::kConflict;
    case 413:
      return ErrorCode::kPayloadTooLarge;
    case 415:
      return ErrorCode::kUnsupportedMediaType;
    case 429:
      return ErrorCode::kRateLimited;
    case 502:
    case 503:
      return ErrorCode::kUnavailable;
    case 504:
      return ErrorCode::kDeadlineExceeded;
    default:
      return status < 500 ? ErrorCode::kMalformedRequest : ErrorCode::kInternal;
  }
}

}  // namespace

CliError::CliError(ErrorCode code, std::string message, std::string next)
    : code(InfoOf(code).name), message(std::move(message)), next(std::move(next)), exit(InfoOf(code).exit) {}

CliError& CliError::Exit(ExitCode code) {
  exit = code;
  return *this;
}

CliError& CliError::As(std::string_view own_code, ExitCode exit_code) {
  code = own_code;
  return Exit(exit_code);
}

CliError UsageError(std::string message, std::string next) {
  return CliError(ErrorCode::kInvalidArgument, std::move(message), std::move(next));
}

ExitCode ExitOf(std::string_view code, int http_status) {
  if (const auto known = ErrorCodeFromName(code)) return InfoOf(*known).exit;
  return http_status == 0 ? ExitCode::kFailed : InfoOf(CodeOfStatus(http_status)).exit;
}

CliError ErrorOfResponse(int status, std::string_view body, std::string_view correlation_id) {
  CliError error(CodeOfStatus(status), "the server answered with HTTP status " + std::to_string(status));
  error.correlation_id = correlation_id;
  const Json envelope = ParseJson(body);
  if (envelope.is_object() && At(envelope, "code").is_string()) {
    error.code = TextAt(envelope, "code");
    error.message = TextAt(envelope, "message");
    error.exit = ExitOf(error.code, status);
    if (At(envelope, "details").is_object()) error.details = envelope["details"];
    if (At(envelope, "correlation_id").is_string()) error.correlation_id = TextAt(envelope, "correlation_id");
  }
  error.next = AdviceFor(error.code);
  return error;
}

std::string Explain(const CliError& error, const Terminal& terminal) {
  std::string message = error.message;
  // Such a message repeats the fields, which stand below.
  if (error.code == InfoOf(ErrorCode::kInvalidArgument).name && !At(error.details, "fields").empty()) {
    message = message.substr(0, message.find(": "));
  }
  std::string text =
      terminal.Paint(Style::kBad, "error:") + " " + Printable(message) + " (" + Printable(error.code) + ")\n";
  for (const Json& fault : At(error.details, "fields")) {
    const std::string flag = TextAt(fault, "flag");
    text += "  " + Printable(flag.empty() ? TextAt(fault, "field") : flag) + ": " +
            Printable(TextAt(fault, "problem")) + "\n";
  }
  for (const auto& [name, value] : error.details.items()) {
    if (name != "fields") text += "  " + Printable(name) + ": " + Printable(Text(value)) + "\n";
  }
  if (!error.next.empty()) {
    std::string next = Printable(error.next, /*keep_lines=*/true);
    for (std::size_t at = next.find('\n'); at != std::string::npos; at = next.find('\n', at + 1))
      next.insert(at + 1, "      ");
    text += terminal.Paint(Style::kBold, "next:") + " " + next + "\n";
  }
  if (!error.correlation_id.empty()) {
    text += terminal.Paint(Style::kDim, "correlation: " + Printable(error.correlation_id)) + "\n";
  }
  return text;
}

Json Envelope(const CliError& error) {
  Json envelope = {{"code", error.code},
                   {"message", error.message},
                   {"correlation_id", error.correlation_id},
                   {"details", error.details}};
  if (!error.next.empty()) envelope["next"] = error.next;
  return envelope;
}

}  // namespace gpuaas::cli
