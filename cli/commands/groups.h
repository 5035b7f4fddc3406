#pragma once

#include "CLI/CLI.hpp"
#include "cli/core/invocation.h"

// One function per command group; each adds its commands to the program.
namespace gpuaas::cli {

void AddAuth(CLI::App& root, Invocation& run);
void AddCatalog(CLI::App& root, Invocation& run);
void AddAllocations(CLI::App& root, Invocation& run);
void AddOperations(CLI::App& root, Invocation& run);
void AddNodes(CLI::App& root, Invocation& run);
void AddOps(CLI::App& root, Invocation& run);
void AddSshKeys(CLI::App& root, Invocation& run);
void AddContext(CLI::App& root, Invocation& run);
void AddPending(CLI::App& root, Invocation& run);
void AddApi(CLI::App& root, Invocation& run);
void AddCompletion(CLI::App& root, Invocation& run);
void AddHelp(CLI::App& root, Invocation& run);

}  // namespace gpuaas::cli
