#pragma once

// Markers that the engine writes for itself, under the names of sdk-core.
namespace temporal {

inline constexpr char kPatchMarkerName[] = "core_patch";
inline constexpr char kLocalActivityMarkerName[] = "core_local_activity";
inline constexpr char kLocalActivityDataKey[] = "data";      // what the engine needs for replay
inline constexpr char kLocalActivityResultKey[] = "result";  // the user's

}  // namespace temporal
