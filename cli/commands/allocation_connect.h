#pragma once

#include <string>
#include <vector>

#include "cli/render/json.h"

namespace gpuaas::cli {

// How to run ssh for a connection as the API describes it.
struct SshCommand {
  std::vector<std::string> arguments;  // "ssh" first
  std::string known_hosts_line;        // what the known-hosts file has to say; empty if the host's key is not known
};

// `known_hosts` and `identity` are files; empty: leave ssh its defaults. Throws CliError if the connection lacks a
// host, user or port, or one of them could be taken for an option.
SshCommand MakeSshCommand(const Json& connection, const std::string& known_hosts, const std::string& identity);

// As one would type it in a shell, quoted where needed.
std::string ShellLine(const std::vector<std::string>& arguments);

// What ssh is to run inside. It joins arguments by blanks and gives them to a shell there: a single one is a line for
// that shell as it is, several are the words of a command and stay apart.
std::string RemoteCommand(const std::vector<std::string>& words);

}  // namespace gpuaas::cli
