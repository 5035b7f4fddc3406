#include "api/allocation/handlers.h"

#include "api/allocation/mutations.h"
#include "api/allocation/reads.h"
#include "api/common/open_streams.h"

namespace gpuaas::api {

void BindAllocation(Binder& binder, Services& services) {
  using domain::Permission;
  auto bind = [&](std::string_view operation, std::optional<Permission> permission, auto handler) {
    binder.Bind(operation, permission, [&services, handler](Call& call) { return handler(services, call); });
  };
  bind("listAllocations", Permission::kAllocationRead, ListAllocations);
  bind("createAllocation", Permission::kAllocationWrite, CreateAllocation);
  // The others are authorized by the allocation that the path names (FindAllocation).
  bind("getAllocation", std::nullopt, GetAllocation);
  bind("watchAllocation", std::nullopt, [streams = std::make_shared<OpenStreams>()](Services& all, const Call& call) {
    return WatchAllocation(all, *streams, call);
  });
  bind("extendAllocation", std::nullopt, ExtendAllocation);
  bind("releaseAllocation", std::nullopt, ReleaseAllocation);
  bind("getAllocationHistory", std::nullopt, GetAllocationHistory);
  bind("getAllocationConnection", std::nullopt, GetAllocationConnection);
}

}  // namespace gpuaas::api
