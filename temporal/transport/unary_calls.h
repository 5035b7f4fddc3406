#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <thread>

#include "google/protobuf/message_lite.h"

namespace temporal {

// Calls that block their callers, over one completion queue with a thread of its own. gRPC's blocking calls have a
// queue each, and hand the reading of the connection from one waiting caller to the next: with long polls under way
// that is several changes of threads per call. Thread-safe; must outlive the calls.
class UnaryCalls {
 public:
  explicit UnaryCalls(std::shared_ptr<grpc::Channel> channel);
  ~UnaryCalls();
  UnaryCalls(const UnaryCalls&) = delete;
  UnaryCalls& operator=(const UnaryCalls&) = delete;

  // `path` is "/package.Service/Method".
  grpc::Status Call(const std::string& path, grpc::ClientContext& context, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response);

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::CompletionQueue queue_;
  std::thread thread_;
};

}  // namespace temporal
