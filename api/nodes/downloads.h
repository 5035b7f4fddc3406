#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "api/common/call.h"
#include "api/common/services.h"

// What a machine fetches before it is a node. Nothing secret.
namespace gpuaas::api {

absl::StatusOr<platform::Response> GetBootstrap(const Services& services);

// The agent's binary, read once. Thread-safe.
class AgentBinary {
 public:
  explicit AgentBinary(std::string path) : path_(std::move(path)) {}
  // kUnavailable: this service has none to give.
  absl::StatusOr<platform::Response> Get();

 private:
  const std::string path_;
  std::mutex mutex_;
  std::string bytes_;
  std::string sha256_;  // hex
};

}  // namespace gpuaas::api
