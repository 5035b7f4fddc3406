#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gpuaas::platform {

// RFC 4648 section 5 without padding, as JOSE uses it.
std::string Base64UrlEncode(std::string_view bytes);
// Nothing for any character, padding or length that the encoder would not produce.
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace gpuaas::platform
