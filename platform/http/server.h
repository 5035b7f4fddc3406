#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "platform/http/router.h"

namespace gpuaas::platform {

// What one request came to, told after its answer was made.
struct RequestRecord {
  std::string_view method;
  std::string_view route;  // template, or empty when none matched: safe as a metric's label
  std::string_view path;
  std::string_view correlation_id;
  std::string_view remote_address;
  int status = 0;
  std::chrono::microseconds took{0};
  const absl::Status* error = nullptr;  // what the handler failed with, for the log
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;
  int workers = 16;                                      // requests handled at once; handlers may block
  int max_queued = 512;                                  // waiting for a worker; more are answered 503
  int max_streams = 256;                                 // open event streams; more are answered 429
  std::chrono::seconds drain{20};                        // how long Stop waits for requests in flight
  std::function<std::string()> make_correlation_id;      // for requests that bring none
  std::function<void(const RequestRecord&)> on_request;  // called by worker threads; must not block for long
};

// The HTTP server. It stands behind the edge, which bounds connections, headers and time; see README.md.
// Requests with Transfer-Encoding are refused (the edge sends Content-Length).
class Server {
 public:
  virtual ~Server() = default;
  // Refuses new connections, ends event streams, waits for requests in flight up to `drain`. Safe to call twice.
  virtual void Stop() = 0;
};

// Starts to listen. kUnavailable: the address is taken or not ours. `router` is kept until the server ends.
absl::StatusOr<std::unique_ptr<Server>> StartServer(ServerOptions options, std::shared_ptr<const Router> router);

}  // namespace gpuaas::platform
