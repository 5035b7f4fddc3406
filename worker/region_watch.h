#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gpuaas/flow/v1/region.pb.h"

namespace temporal {
class Client;
}

namespace gpuaas::worker {

// Sees to it that `region-watch/<region>` runs: starts it where it does not, and looks again and again, on a thread of
// its own, because nothing else would notice that it was terminated or has failed. Any number of workers may do so for
// one region. Ends with the object.
class RegionWatch {
 public:
  // The first look; its error. Workflows are started on `task_queue`.
  static absl::StatusOr<std::unique_ptr<RegionWatch>> Start(std::shared_ptr<temporal::Client> client,
                                                            flow::v1::RegionWatchRequest request,
                                                            std::string task_queue,
                                                            std::chrono::milliseconds pause = std::chrono::minutes(1));

 private:
  RegionWatch(std::shared_ptr<temporal::Client> client, flow::v1::RegionWatchRequest request, std::string task_queue);
  absl::Status Ensure();
  void Run(std::stop_token stop, std::chrono::milliseconds pause);

  const std::shared_ptr<temporal::Client> client_;
  const flow::v1::RegionWatchRequest request_;
  const std::string task_queue_;
  std::jthread thread_;
};

}  // namespace gpuaas::worker
