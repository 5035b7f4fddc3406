#pragma once

namespace gpuaas::node {

inline constexpr char kAgentVersion[] = "0.1.0";

}  // namespace gpuaas::node
