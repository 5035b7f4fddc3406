#include "api/iam/handlers.h"

#include <memory>

#include "api/iam/auth.h"
#include "api/iam/ssh_keys.h"

namespace gpuaas::api {

void BindIam(Binder& binder, Services& services) {
  using domain::Permission;
  constexpr int kLoginsPerMinute = 10;
  auto limiter = std::make_shared<RateLimiter>(kLoginsPerMinute, std::chrono::minutes(1));
  binder.Bind("devLogin", std::nullopt,
              [&services, limiter](Call& call) { return DevLogin(services, *limiter, call); });
  binder.Bind("whoami", std::nullopt, [](Call& call) { return WhoAmI(call); });
  auto bind = [&](std::string_view operation, Permission permission, auto handler) {
    binder.Bind(operation, permission, [&services, handler](Call& call) { return handler(services, call); });
  };
  bind("listSshKeys", Permission::kSshKeyRead, ListSshKeys);
  bind("getSshKey", Permission::kSshKeyRead, GetSshKey);
  bind("createSshKey", Permission::kSshKeyWrite, CreateSshKey);
  bind("deleteSshKey", Permission::kSshKeyWrite, DeleteSshKey);
}

}  // namespace gpuaas::api
