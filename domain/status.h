#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/error_code.h"

namespace gpuaas {

// A status that carries one of our error codes. `message` is shown to the person who asked: no SQL, no stack, no
// secret, no other tenant's existence. `details_json` is a JSON object for the envelope's `details`, or empty.
absl::Status MakeError(ErrorCode code, std::string_view message, std::string_view details_json = {});

// The code a status carries; a status of foreign origin is mapped from its canonical code, kInternal if nothing fits.
// Must not be called with an OK status.
ErrorCode ErrorCodeOf(const absl::Status& status);

// The details given to MakeError, or empty.
std::string DetailsOf(const absl::Status& status);

// absl::string_view is not std::string_view in Debian's build; these two are the only bridge.
inline absl::string_view ToAbsl(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view ToStd(absl::string_view s) { return {s.data(), s.size()}; }

}  // namespace gpuaas
