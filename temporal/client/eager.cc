#include "temporal/client/eager.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "temporal/api/workflowservice/v1/request_response.pb.h"

namespace temporal {

void EagerWorkflowDispatcher::Register(const std::string& task_queue, std::shared_ptr<EagerWorker> worker) {
  const std::lock_guard lock(mutex_);
  workers_.emplace(task_queue, std::move(worker));
}

void EagerWorkflowDispatcher::Deregister(const std::string& task_queue, const EagerWorker* worker) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = workers_.equal_range(task_queue);
  const auto found = std::find_if(first, last, [&](const auto& each) { return each.second.get() == worker; });
  if (found != last) workers_.erase(found);
}

EagerWorkflowDispatcher::Slot EagerWorkflowDispatcher::TryReserve(const std::string& task_queue) {
  std::vector<std::shared_ptr<EagerWorker>> workers;
  {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = workers_.equal_range(task_queue);
    for (auto each = first; each != last; ++each) workers.push_back(each->second);
  }
  thread_local std::minstd_rand random{std::random_device{}()};
  std::shuffle(workers.begin(), workers.end(), random);
  for (auto& worker : workers) {
    if (worker->TryReserve()) return Slot(std::move(worker));
  }
  return Slot(nullptr);
}

EagerWorkflowDispatcher::Slot::~Slot() {
  if (worker_ != nullptr) worker_->Release();
}

void EagerWorkflowDispatcher::Slot::Run(api::workflowservice::v1::PollWorkflowTaskQueueResponse task) {
  std::exchange(worker_, nullptr)->Run(std::move(task));
}

}  // namespace temporal
