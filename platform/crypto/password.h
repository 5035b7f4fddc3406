#pragma once

#include <string>
#include <string_view>

#include "domain/status.h"

namespace gpuaas::platform {

// scrypt (N=2^14, r=8, p=1: 16 MiB) with a random salt, as `scrypt$<N>$<r>$<p>$<salt hex>$<hash hex>`. For the
// passwords of dev-login only; people's passwords live with the identity provider. kInternal if the library fails.
absl::StatusOr<std::string> HashPassword(std::string_view password);

// Whether the password has that hash, in constant time. A malformed hash matches nothing.
bool VerifyPassword(std::string_view password, std::string_view hash);

}  // namespace gpuaas::platform
