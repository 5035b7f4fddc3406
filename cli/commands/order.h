#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "CLI/CLI.hpp"
#include "cli/core/invocation.h"

// What is shared by commands that order something which goes on after their answer.
namespace gpuaas::cli {

// --wait, --no-wait and --timeout.
struct WaitFlags {
  bool wait = false;
  std::string timeout = "10m";
  CLI::Option* timeout_option = nullptr;

  // Throws a usage error, before anything is sent: no duration, or a --timeout that bounds nothing.
  std::chrono::milliseconds Check(const Invocation& run) const;
};

// `until`: what the wait is for, "it is active".
void AddWaitFlags(CLI::App& command, WaitFlags& flags, const std::string& until);

// Refuses a --timeout of a command line that neither waits nor watches; `needed` names the flag that does.
void CheckTimeoutIsUsed(const Invocation& run, const CLI::Option* timeout, bool waits, std::string_view needed);

// "accepted: cordon node-0 (operation op_...)", and how to follow it, on stderr.
void SayAccepted(Invocation& run, std::string_view order, const Json& accepted, std::string_view next);

// "gpuaas operations get op_... --watch"
std::string FollowOperation(std::string_view operation);

// Waits until the operation has ended, and gives it. Ctrl-C detaches. Throws CliError: it failed, or `timeout` (zero:
// none) is over.
Json WaitForOperation(Invocation& run, const std::string& operation, std::chrono::milliseconds timeout);

// A wait that ended otherwise than was meant. The exit is 3 where the cause's code says so, else 1; the code then is
// one of ours, since that of the cause stands for another exit. `cause`: {code, message} or null.
CliError WaitFailed(const std::string& message, const std::string& state, const Json& cause, const std::string& next);

// A wait that was given up at --timeout; what it was for goes on.
CliError StillPending(const std::string& message, const std::string& next);

}  // namespace gpuaas::cli
