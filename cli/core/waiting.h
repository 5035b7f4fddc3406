#pragma once

#include <ostream>

#include "cli/core/session.h"

namespace gpuaas::cli {

// Wraps `send` so that a request that takes longer than 100 ms shows a line on the terminal for as long as it lasts.
// Streams show nothing.
Session::Send WithWaitingLine(Session::Send send, std::ostream& terminal);

}  // namespace gpuaas::cli
