#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/nodes/state.h"

namespace gpuaas::domain {

struct PlacementNode {
  NodeId id;
  std::string region;
  NodeState state = NodeState::kActive;
  NodeContact contact = NodeContact::kOk;
  std::string gpu_model;
  int gpus_total = 0;
  std::vector<std::string> free_gpus;  // uuids in the order of their index
};

struct PlacementRequest {
  std::string region;
  std::string gpu_model;
  int gpus = 0;
  std::vector<NodeId> excluded;
};

// How many nodes fell out by each constraint; a node counts at the first it fails, in this order.
struct PlacementCounts {
  int nodes = 0;     // looked at
  int region = 0;    // in another region
  int excluded = 0;  // tried before, or asked not to be used
  int state = 0;     // cordoned, draining, late, ...
  int model = 0;     // other GPUs
  int size = 0;      // has fewer GPUs than asked for, free or not
  int free = 0;      // too few GPUs are free now
  int fit = 0;
};

struct Placement {
  NodeId node;
  std::vector<std::string> gpus;
};

struct PlacementResult {
  std::optional<Placement> placement;
  PlacementCounts counts;
};

// Best fit: the node that keeps the fewest GPUs free, so that whole nodes stay whole; among equals the smaller id. The
// same input gives the same result.
PlacementResult Place(const std::vector<PlacementNode>& nodes, const PlacementRequest& request);

// "no node fits 8 x NVIDIA H200 in us-buffalo-1: of 40 nodes 30 are in another region, ..."
std::string Explain(const PlacementCounts& counts, const PlacementRequest& request);

// {"nodes":40,"fell_out":{"region":30,...}}
std::string CountsToJson(const PlacementCounts& counts);

}  // namespace gpuaas::domain
