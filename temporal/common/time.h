#pragma once

#include <chrono>

// Time in the SDK's interface. Everything is a std::chrono type, so that 30s and 10min read as what they are.
namespace temporal {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::system_clock::time_point;

}  // namespace temporal
