#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gpuaas::cli {

// "<prefix>_" and a time-ordered random id (UUIDv7 in Crockford base32, 26 characters).
std::string NewId(std::string_view prefix);

// Whether the text is a whole id with that prefix ("alloc"), so that no list has to be asked.
bool IsWholeId(std::string_view text, std::string_view prefix);

// Whether `typed` means the id: a leading part of it in either case, with or without "alloc_".
bool MatchesId(std::string_view typed, std::string_view id);

// The entries of `known` nearest to `typed`, best first; only those near enough to be meant.
std::vector<std::string> Suggest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace gpuaas::cli
