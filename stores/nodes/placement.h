#pragma once

#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

struct ReserveRequest {
  AllocationId allocation;
  OperationId operation;
  std::vector<NodeId> excluded;  // nodes that failed it before
  Time now;
};

struct Reservation {
  NodeId node;
  std::string node_name;
  std::string advertise_address;
  std::vector<std::string> gpu_uuids;  // by index
  int cpus = 0;                        // the share that goes with the GPUs, by the SKU; 0: no limit
  std::int64_t memory_bytes = 0;
  std::string explanation;  // "gpu-14 (3 of 40 nodes fit)"
};

// Chooses a node with domain::Place and assigns its GPUs to the allocation, under the region's placement lock. A repeat
// gives the reservation that exists. An allocation gets GPUs only when nobody before it in the queue could use them:
// see QueuePosition. System scope. Errors: kNotFound; kInvalidState (the allocation is final or releasing); kNoCapacity
// with details {nodes, fell_out: {region, state, model, free, excluded}}.
absl::StatusOr<Reservation> ReserveGpus(platform::Transaction& tx, const ReserveRequest& request);

// The live reservation; kNotFound if there is none.
absl::StatusOr<Reservation> GetReservation(platform::Transaction& tx, const AllocationId& allocation);

// Ends all assignments of the allocation; gives how many were live. Idempotent.
absl::StatusOr<int> FreeGpus(platform::Transaction& tx, const AllocationId& allocation, Time now);

}  // namespace gpuaas::stores
