#pragma once

#include <algorithm>
#include <memory>

#include "temporal/transport/transport.h"

namespace gpuaas::api {

// A request must not hang on the workflow service: one try, two seconds. What could not be sent the relay sends.
class BoundedTransport final : public temporal::Transport {
 public:
  explicit BoundedTransport(std::shared_ptr<temporal::Transport> inner) : inner_(std::move(inner)) {}

  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const temporal::CallOptions& options) override {
    temporal::CallOptions bounded = options;
    bounded.timeout = std::min<temporal::Duration>(bounded.timeout, std::chrono::seconds(2));
    bounded.retry_for = temporal::Duration(0);
    return inner_->Call(method, request, response, bounded);
  }

 private:
  const std::shared_ptr<temporal::Transport> inner_;
};

}  // namespace gpuaas::api
