#include "domain/allocation/placement.h"

#include <algorithm>
#include <utility>

namespace gpuaas::domain {
namespace {

// The count of the first constraint that the node fails; `fit` if it fails none.
int PlacementCounts::* FirstFailed(const PlacementNode& node, const PlacementRequest& request) {
  if (node.region != request.region) return &PlacementCounts::region;
  if (std::ranges::find(request.excluded, node.id) != request.excluded.end()) return &PlacementCounts::excluded;
  if (!IsSchedulable(node.state, node.contact)) return &PlacementCounts::state;
  if (node.gpu_model != request.gpu_model) return &PlacementCounts::model;
  if (node.gpus_total < request.gpus) return &PlacementCounts::size;
  if (static_cast<int>(node.free_gpus.size()) < request.gpus) return &PlacementCounts::free;
  return &PlacementCounts::fit;
}

constexpr struct {
  int PlacementCounts::* count;
  std::string_view name;
  std::string_view words;
} kConstraints[] = {
    {&PlacementCounts::region, "region", "in another region"},
    {&PlacementCounts::excluded, "excluded", "excluded after a failure"},
    {&PlacementCounts::state, "state", "not taking allocations now"},
    {&PlacementCounts::model, "model", "with other GPUs"},
    {&PlacementCounts::size, "size", "with fewer GPUs in all"},
    {&PlacementCounts::free, "free", "with too few free GPUs"},
};

}  // namespace

PlacementResult Place(const std::vector<PlacementNode>& nodes, const PlacementRequest& request) {
  PlacementResult result;
  result.counts.nodes = static_cast<int>(nodes.size());
  const PlacementNode* best = nullptr;
  for (const PlacementNode& node : nodes) {
    const auto count = FirstFailed(node, request);
    ++(result.counts.*count);
    if (count != &PlacementCounts::fit) continue;
    if (best == nullptr || std::pair(node.free_gpus.size(), node.id) < std::pair(best->free_gpus.size(), best->id)) {
      best = &node;
    }
  }
  if (best != nullptr) {
    const auto first = best->free_gpus.begin();
    result.placement = Placement{best->id, {first, first + request.gpus}};
  }
  return result;
}

std::string Explain(const PlacementCounts& counts, const PlacementRequest& request) {
  std::string text = "no node fits " + std::to_string(request.gpus) + " x " + request.gpu_model + " in " +
                     request.region + ": of " + std::to_string(counts.nodes) + (counts.nodes == 1 ? " node" : " nodes");
  std::string fell_out;
  for (const auto& constraint : kConstraints) {
    if (counts.*constraint.count == 0) continue;
    fell_out.append(fell_out.empty() ? " " : ", ").append(std::to_string(counts.*constraint.count)).append(" ");
    fell_out += constraint.words;
  }
  return text + (fell_out.empty() ? " none can be used" : fell_out);
}

std::string CountsToJson(const PlacementCounts& counts) {
  std::string text = R"({"nodes":)" + std::to_string(counts.nodes) + R"(,"fell_out":{)";
  for (const auto& constraint : kConstraints) {
    if (text.back() != '{') text += ',';
    text.append("\"").append(constraint.name).append("\":").append(std::to_string(counts.*constraint.count));
  }
  return text + "}}";
}

}  // namespace gpuaas::domain
