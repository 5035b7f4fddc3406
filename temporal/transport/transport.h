#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/common/time.h"

namespace google::protobuf {
class Message;
}

// The port to a Temporal server: one call by method name, with Temporal's request and response messages and nothing of
// gRPC. Adapters: transport/grpc_transport.h, testing/fake/fake_service.h, transport/codec_transport.h.
namespace temporal {

struct CallOptions {
  CallOptions() {}
  explicit CallOptions(Duration call_timeout) : timeout(call_timeout) {}

  Duration timeout = std::chrono::seconds(10);  // of one try
  std::stop_token stop;                         // ends the call with kCancelled
  bool long_poll = false;                       // the server may hold the call until shortly before `timeout`
  // Tries after transient failures (unavailable, exhausted, aborted, internal) with growing pauses, at most this long
  // in all; 0: one try. Mutations are safe to repeat because they carry request ids or task tokens.
  Duration retry_for = std::chrono::seconds(10);
};

// The status of a request that is larger than the server takes (kInvalidArgument: it would fail again), and its test.
absl::Status TooLarge();
bool IsTooLarge(const absl::Status& status);

// The status (kNotFound) of a call about an execution that is not there or has ended, and its test. A namespace that is
// not there is kNotFound as well, but says nothing about its executions.
absl::Status NoSuchExecution(std::string_view message);
bool IsNoSuchExecution(const absl::Status& status);

// The status (kUnavailable) of a call for which no connection could be made because client and server do not accept
// each other's certificates, and its test. Not repeated within a call.
absl::Status TlsFailure(std::string_view message);
bool IsTlsFailure(const absl::Status& status);

class Transport {
 public:
  virtual ~Transport() = default;

  // Calls `method` ("StartWorkflowExecution") of the workflow service and blocks until the answer. Thread-safe;
  // `response` is complete only with OK. Errors: what the server says, kUnavailable without a connection,
  // kDeadlineExceeded, kCancelled.
  virtual absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                            google::protobuf::Message& response, const CallOptions& options) = 0;
};

// The typed form: Invoke<PollWorkflowTaskQueueResponse>(transport, "PollWorkflowTaskQueue", request).
template <class Response, class Request>
absl::StatusOr<Response> Invoke(Transport& transport, std::string_view method, const Request& request,
                                const CallOptions& options = CallOptions()) {
  Response response;
  if (absl::Status status = transport.Call(method, request, response, options); !status.ok()) return status;
  return response;
}

}  // namespace temporal
