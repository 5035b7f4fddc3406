#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cli/core/invocation.h"

namespace gpuaas::cli {

struct WatchOptions {
  std::string until;                     // the state that is waited for; empty: the next one in which it rests
  std::chrono::milliseconds timeout{0};  // zero: none
  std::string after;                     // sequence number to continue after
  bool stream_to_stdout = false;         // transitions are the command's data (get --watch), not mere progress
  std::chrono::milliseconds tick{
      1'000};  // how often the live block is redrawn and, without events, the state asked for
};

struct WatchResult {
  Json allocation;
  bool timed_out = false;
  std::string last_sequence;  // to continue after; empty if no event came
};

// Follows an allocation by its event stream, falling back to asking for it, until it rests in `until`, can't get there
// any more, or the time is over. Shows finished steps and the current one on a terminal, else a line per transition and
// one a minute while nothing happens. Ctrl-C detaches: the allocation goes on. Throws CliError.
WatchResult WatchAllocation(Invocation& run, const std::string& id, const WatchOptions& options);

// Whether an allocation in `state` is through: it is in `until`, or in a final state, or (empty `until`) rests.
bool IsSettled(std::string_view state, std::string_view until);

// How a wait for `wanted` ended: done, not placed, failed as the cause's code maps, or pending.
ExitCode ExitOfWait(const WatchResult& result, std::string_view wanted);

// "<time>  <sequence>  <type>  <detail>": an event as a line.
std::string EventLine(const Json& event);

}  // namespace gpuaas::cli
