#pragma once

#include <map>
#include <vector>

#include "domain/ids.h"
#include "domain/time.h"

namespace gpuaas::domain {

struct Waiting {
  AllocationId id;
  ProjectId project;
  int gpus = 0;
  Time since;
};

// The order in which waiting allocations get capacity: fair share between projects, then age. It hands out turn by
// turn: next is the project that has the fewest GPUs, counting those it holds (`held`) and those that stand before it
// in this order, and of that project the oldest; ties go to the older allocation, then to the smaller id.
std::vector<Waiting> OrderQueue(std::vector<Waiting> waiting, const std::map<ProjectId, int>& held);

}  // namespace gpuaas::domain
