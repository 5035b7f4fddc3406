#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "node/contact/state_dir.h"
#include "node/inventory/inventory.h"

namespace gpuaas::node {

// The declared inventory of `file`, else the one that enrolment kept, else the driver.
absl::StatusOr<std::unique_ptr<GpuSource>> OpenGpus(const StateDir& state, const std::string& file);

// The path of this program, for the processes that it starts of itself.
std::string OwnProgram();

}  // namespace gpuaas::node
