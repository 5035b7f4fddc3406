#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "temporal/common/versioning.h"

namespace temporal::api::workflowservice::v1 {
class PollWorkflowTaskQueueResponse;
}

namespace temporal {

// Where the first task of a workflow can run at once: a worker of this process. Thread-safe.
class EagerWorker {
 public:
  virtual ~EagerWorker() = default;
  // Of which version the worker is.
  virtual const WorkerDeploymentOptions& deployment() const = 0;
  // Takes a slot if one is free. After it exactly one of the others is called.
  virtual bool TryReserve() = 0;
  virtual void Run(api::workflowservice::v1::PollWorkflowTaskQueueResponse task) = 0;
  virtual void Release() = 0;
};

// Knows the workers that use a client, by task queue. Thread-safe.
class EagerWorkflowDispatcher {
 public:
  void Register(const std::string& task_queue, std::shared_ptr<EagerWorker> worker);
  void Deregister(const std::string& task_queue, const EagerWorker* worker);

  // A slot of a worker, given back unless a task is run in it.
  class Slot {
   public:
    explicit Slot(std::shared_ptr<EagerWorker> worker) : worker_(std::move(worker)) {}
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&&) = delete;
    ~Slot();
    explicit operator bool() const { return worker_ != nullptr; }
    const EagerWorker& worker() const { return *worker_; }
    void Run(api::workflowservice::v1::PollWorkflowTaskQueueResponse task);

   private:
    std::shared_ptr<EagerWorker> worker_;  // null: none
  };
  Slot TryReserve(const std::string& task_queue);

 private:
  std::mutex mutex_;
  std::multimap<std::string, std::shared_ptr<EagerWorker>> workers_;
};

}  // namespace temporal
