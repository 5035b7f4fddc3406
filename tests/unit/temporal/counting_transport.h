#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/transport/transport.h"

namespace temporal {

// Passes calls on and counts the tasks that came with answers to other calls than polls.
class CountingTransport : public Transport {
 public:
  explicit CountingTransport(std::shared_ptr<Transport> below) : below_(std::move(below)) {}

  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override {
    using api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;
    using api::workflowservice::v1::RespondWorkflowTaskCompletedResponse;
    using api::workflowservice::v1::StartWorkflowExecutionResponse;
    if (const auto* completed = dynamic_cast<const RespondWorkflowTaskCompletedRequest*>(&request)) {
      for (const auto& command : completed->commands()) {
        requested += command.schedule_activity_task_command_attributes().request_eager_execution();
      }
    }
    const absl::Status status = below_->Call(method, request, response, options);
    if (!status.ok()) return status;
    if (const auto* completed = dynamic_cast<const RespondWorkflowTaskCompletedResponse*>(&response)) {
      granted += completed->activity_tasks_size();
    }
    if (const auto* started = dynamic_cast<const StartWorkflowExecutionResponse*>(&response)) {
      eager_starts += started->has_eager_workflow_task();
    }
    return status;
  }

  std::atomic<int> requested = 0;  // activities asked for with the answer to their task
  std::atomic<int> granted = 0;
  std::atomic<int> eager_starts = 0;

 private:
  const std::shared_ptr<Transport> below_;
};

}  // namespace temporal
