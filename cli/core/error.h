#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "cli/render/json.h"
#include "cli/render/terminal.h"
#include "domain/error_code.h"

namespace gpuaas::cli {

// Codes of the CLI itself, for ends that no server tells of.
inline constexpr const char* kWaitFailed = "wait_failed";
inline constexpr const char* kDeclined = "declined";
inline constexpr const char* kStillPending = "still_pending";
inline constexpr const char* kInterrupted = "interrupted";

// Why a command ends without having done what was asked. Thrown anywhere below a command, shown once by main.
class CliError : public std::exception {
 public:
  CliError(ErrorCode code, std::string message, std::string next = {});

  // Ends with this code instead of the one its error code maps to (for example kPending).
  CliError& Exit(ExitCode exit);
  // The same with a code of the CLI itself.
  CliError& As(std::string_view own_code, ExitCode exit);

  const char* what() const noexcept override { return message.c_str(); }

  std::string code;  // as in the envelope; a server newer than this binary may send one that we do not know
  std::string message;
  std::string next;  // what the reader can do now; may have several lines
  std::string correlation_id;
  Json details = Json::object();
  ExitCode exit;
};

// Wrong use of the command line: kInvalidArgument, exit 2.
CliError UsageError(std::string message, std::string next = {});

// What an answer with a status of 400 or above means. `body` need not be our envelope: a proxy may have answered.
CliError ErrorOfResponse(int status, std::string_view body, std::string_view correlation_id);

// The exit of a code by its wire name; for unknown names by the HTTP status (0: none).
ExitCode ExitOf(std::string_view code, int http_status = 0);

// Lines for people: what failed, the field faults, what to do next, the correlation id.
std::string Explain(const CliError& error, const Terminal& terminal);

// {code, message, correlation_id, details}; `next` is added where there is one.
Json Envelope(const CliError& error);

}  // namespace gpuaas::cli
