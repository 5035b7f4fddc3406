#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gpuaas::cli {

// Text from a server made safe to print: escape sequences and control characters (C0, DEL, C1) are removed, line breaks
// and tabs become blanks unless `keep_lines`. Bytes that are not UTF-8 become U+FFFD.
std::string Printable(std::string_view text, bool keep_lines = false);

// Columns the text takes on a terminal: code points, wide (East Asian) ones as two, combining ones as none.
std::size_t Width(std::string_view text);

// Cut to `width` columns, the last of them an ellipsis if anything was cut.
std::string Truncate(std::string_view text, std::size_t width);

// Filled with blanks on the right up to `width` columns.
std::string Pad(std::string text, std::size_t width);

}  // namespace gpuaas::cli
