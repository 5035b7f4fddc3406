#pragma once

#include "api/common/call.h"
#include "api/common/services.h"

// A user's keys belong to the user in the tenant; the tenant of the scope is the user's own.
namespace gpuaas::api {

absl::StatusOr<platform::Response> CreateSshKey(Services& services, const Call& call);
absl::StatusOr<platform::Response> ListSshKeys(Services& services, const Call& call);
absl::StatusOr<platform::Response> GetSshKey(Services& services, const Call& call);
absl::StatusOr<platform::Response> DeleteSshKey(Services& services, const Call& call);

}  // namespace gpuaas::api
