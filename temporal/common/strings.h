#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

// Debian's absl has a string_view of its own; these two are the bridge.
namespace temporal {

inline absl::string_view ToAbsl(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view ToStd(absl::string_view s) { return {s.data(), s.size()}; }

}  // namespace temporal
