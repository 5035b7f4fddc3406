#pragma once

#include <string>
#include <vector>

namespace gpuaas::node {

// `gpuaas-node-agent sandbox-enter`: runs a command as the allocation's user inside its running sandbox, with the same
// namespaces, cgroups, limits and environment as an SSH session. Without words: the login shell.
//
// stdin, stdout and stderr are passed on; with `pty` the command gets a terminal of the sandbox instead, whose other
// end is sent over descriptor 3 (a Unix socket) as the one message "p" with the descriptor. When the peer of descriptor
// 3 closes, the command and its process group get SIGHUP, then SIGKILL. Returns its exit status, 128 + the signal's
// number if one ended it, 127 if it could not be run, 125 if the sandbox could not be entered (the reason is on
// stderr).
struct EnterOptions {
  std::string folder;  // of the sandbox
  bool pty = false;
  unsigned short rows = 24;
  unsigned short columns = 80;
  std::vector<std::string> command;
};
int EnterSandbox(const EnterOptions& options);

}  // namespace gpuaas::node
