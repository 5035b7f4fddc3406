#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "node/sandbox/processes.h"

namespace gpuaas::node {

struct Listener {
  Fd socket;
  int port = 0;
};

// A TCP listener on the first free port of first..last. kInvalidArgument: `host` is no address. kUnavailable: none is
// free.
absl::StatusOr<Listener> ListenInRange(const std::string& host, int first, int last);

}  // namespace gpuaas::node
