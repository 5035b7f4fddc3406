#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "temporal/common/observer.h"
#include "temporal/transport/transport.h"

namespace temporal {

// Counts and times the calls of the transport below, retries included in the one call that they belong to: the metrics
// temporal_request* and, for long polls, temporal_long_request*, with the labels operation and namespace.
class ObservedTransport : public Transport {
 public:
  ObservedTransport(std::shared_ptr<Transport> below, std::string name_space, std::shared_ptr<Observer> observer);
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override;

 private:
  const std::shared_ptr<Transport> below_;
  const std::string name_space_;
  const std::shared_ptr<Observer> observer_;
};

}  // namespace temporal
