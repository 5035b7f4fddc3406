#include "domain/allocation/queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gpuaas::domain {

std::vector<Waiting> OrderQueue(std::vector<Waiting> waiting, const std::map<ProjectId, int>& held) {
  struct Line {
    int gpus = 0;  // held, or before us in the order
    std::vector<Waiting> youngest_first;
  };
  std::map<ProjectId, Line> lines;
  std::ranges::sort(
      waiting, [](const Waiting& a, const Waiting& b) { return std::tie(a.since, a.id) > std::tie(b.since, b.id); });
  for (Waiting& each : waiting) lines[each.project].youngest_first.push_back(std::move(each));
  for (auto& [project, line] : lines) {
    if (const auto found = held.find(project); found != held.end()) line.gpus = found->second;
  }

  std::vector<Waiting> order;
  const auto before = [](const auto& a, const auto& b) {
    const Waiting& x = a.second.youngest_first.back();
    const Waiting& y = b.second.youngest_first.back();
    return std::tie(a.second.gpus, x.since, x.id) < std::tie(b.second.gpus, y.since, y.id);
  };
  while (!lines.empty()) {
    const auto next = std::ranges::min_element(lines, before);
    Line& line = next->second;
    line.gpus += line.youngest_first.back().gpus;
    order.push_back(std::move(line.youngest_first.back()));
    line.youngest_first.pop_back();
    if (line.youngest_first.empty()) lines.erase(next);
  }
  return order;
}

}  // namespace gpuaas::domain
