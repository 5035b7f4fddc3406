#pragma once

#include "absl/status/status.h"

namespace gpuaas::node {

// For this process and all that come of it: the parts of the kernel that no tenant needs and that have let many out of
// their sandboxes are refused. User namespaces, mounts, bpf, key rings, performance counters, user page faults,
// io_uring, sockets to the machine's host, and all that belongs to the node's administration. Needs no_new_privs.
absl::Status RefuseRiskySystemCalls();

}  // namespace gpuaas::node
