#pragma once

#include <string>

namespace gpuaas::cli {

// Asks on the terminal without showing what is typed. Throws CliError when there is no terminal.
std::string ReadHidden(const std::string& prompt);

}  // namespace gpuaas::cli
