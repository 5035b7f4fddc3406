#pragma once

#include <string>
#include <string_view>

#include "cli/core/session.h"

namespace gpuaas::cli {

// Wraps `send` so that each exchange leaves two lines on stderr (GPUAAS_DEBUG=api). Query values, bodies and all header
// values but a few harmless ones are left out.
Session::Send Traced(Session::Send send);

// "https://host/path?limit=...&cursor=...": the values of the query hidden.
std::string RedactedUrl(std::string_view url);

// What may be shown of a header.
std::string RedactedHeader(std::string_view name, std::string_view value);

}  // namespace gpuaas::cli
