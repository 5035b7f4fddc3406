#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/common/call.h"
#include "api/common/services.h"
#include "domain/iam/roles.h"
#include "platform/http/router.h"

namespace gpuaas::api {

// Ties handlers to operations of the contract. Each request goes: authenticate, find its scope, authorize, check key,
// parameters and body by the contract, then the handler.
class Binder {
 public:
  Binder(Services& services, platform::Router& router) : services_(services), router_(router) {}

  // `permission` is required in the request's scope; none: any caller that the contract's security lets in.
  // An operation that the contract does not know, or binding one twice, is a fault of the program: it ends.
  void Bind(std::string_view operation_id, std::optional<domain::Permission> permission, CallHandler handler);

  // Operations of the contract that no handler was bound to.
  std::vector<std::string> Unbound() const;

 private:
  Services& services_;
  platform::Router& router_;
  std::set<std::string> bound_;
};

// As the check of Bind, for what only a parameter asks for. A refusal leaves its audit row.
absl::Status Require(Services& services, const Call& call, domain::Permission permission);

}  // namespace gpuaas::api
