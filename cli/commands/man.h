#pragma once

#include <string>

#include "CLI/CLI.hpp"

namespace gpuaas::cli {

// The program's manual page in roff, from the App tree: every command with its options and examples, and the exit
// codes.
std::string ManPage(const CLI::App& root, const std::string& version);

}  // namespace gpuaas::cli
