#include <string>
#include <vector>

#include "cli/commands/gpuaas.h"
#include "cli/core/interrupt.h"

int main(int argc, char** argv) {
  gpuaas::cli::InstallInterruptHandler();
  return gpuaas::cli::RunGpuaas(std::vector<std::string>(argv + 1, argv + argc), gpuaas::cli::RealSurroundings());
}
