#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/common/call.h"
#include "api/common/services.h"
#include "domain/ids.h"

namespace gpuaas::api {

// "enr_....<secret>": the id tells which enrolment it is; the secret is derived from it by the secret store.
absl::StatusOr<std::string> EnrolmentTokenOf(Services& services, const EnrolmentId& id);
// The id inside a token; the secret is not checked. Nothing for what is no token.
std::optional<EnrolmentId> EnrolmentOf(std::string_view token);
// The node that uses this enrolment gets this id, however often it asks.
NodeId NodeOf(const EnrolmentId& id);

absl::StatusOr<platform::Response> EnrolNode(Services& services, const Call& call);

}  // namespace gpuaas::api
