#pragma once

#include <string>

namespace gpuaas::node {

// `gpuaas-node-agent sandbox-run`: makes the sandbox described in `spec_file` and stays as its first process, which
// takes SSH connections and reaps. It outlives the agent; its end is the end of everything in the sandbox.
//
// The listening socket is opened in the node's network namespace before the sandbox's is entered, and a socket stays
// where it was opened: clients reach the node's address, sshd (one per connection) runs inside, nothing is forwarded.
//
// Joins the cgroups in `cgroups` (paths separated by colons) and leaves its mark as `running.json` in the sandbox's
// folder. One line goes to descriptor 3: "up", or why it could not be. Returns the exit status of the starting process.
//
// It ends when `contact_file` says that the node has had no contact for too long: the control plane counts on it, also
// where there is no agent any more to do it.
int RunSandbox(const std::string& spec_file, const std::string& cgroups, const std::string& contact_file);

}  // namespace gpuaas::node
