#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "platform/http_client/http_client.h"
#include "platform/http_client/proxy.h"

typedef struct ssl_ctx_st SSL_CTX;

namespace gpuaas::platform {

// The bounds under which one step of an exchange waits.
struct Bounds {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::stop_token stop;
};

// One connection to one origin. Not thread-safe.
class Connection {
 public:
  // Connects, through `proxy` if there is one, and for https completes the handshake with `tls`, verifying the name.
  static std::variant<std::unique_ptr<Connection>, HttpError> Open(const Url& url, const std::optional<Proxy>& proxy,
                                                                   SSL_CTX* tls, const Bounds& bounds);
  ~Connection();

  // Sends and receives. After an error the connection must not be used again.
  HttpResult Exchange(const HttpRequest& request, const Url& url, const Bounds& bounds);

  bool answered() const;  // whether any byte of the last exchange's answer came
  bool reusable() const;  // whether the last answer left it open and nothing has come in since

 private:
  class Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gpuaas::platform
