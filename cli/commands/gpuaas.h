#pragma once

#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/core/invocation.h"

namespace gpuaas::cli {

// The program's commands and options; their callbacks set `run.action`.
std::unique_ptr<CLI::App> MakeGpuaas(Invocation& run);

// Runs the program on `arguments` (without its name) and returns its exit code. Nothing escapes as an exception.
int RunGpuaas(const std::vector<std::string>& arguments, Surroundings world);

}  // namespace gpuaas::cli
