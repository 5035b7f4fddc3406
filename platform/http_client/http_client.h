#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// A synchronous HTTP/1.1 client. This header and its library need neither absl nor gRPC, so that the CLI can be linked
// from static libraries alone.
namespace gpuaas::platform {

struct HttpError {
  enum class Kind {
    kInvalidRequest,  // the URL or a header cannot be sent; nothing was
    kConnect,         // name resolution, refused, unreachable, or the proxy's refusal; nothing was sent
    kTls,             // handshake or verification failed; nothing was sent
    kTimeout,         // a deadline passed; whether the server acted is unknown
    kProtocol,        // the connection broke or the answer was not HTTP; whether the server acted is unknown
    kTooLarge,        // the body exceeded max_body_bytes
    kCancelled,       // the request's stop token was triggered, or on_data returned false
  };
  Kind kind;
  std::string message;  // one line for people: what was tried and what went wrong; no credentials
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute: http(s)://host[:port]/path?query
  HttpHeaders headers;
  std::string body;

  // Bound of the whole exchange, connecting included; zero: none (for streams).
  std::chrono::milliseconds timeout{30'000};
  // Longest silence of the server once the request is sent; zero: none.
  std::chrono::milliseconds idle_timeout{0};
  std::size_t max_body_bytes = 16u << 20;

  // Sending it twice is harmless: it may use a kept connection and is sent once more, on a fresh one, if the kept one
  // turns out to be dead. GET, HEAD, PUT and DELETE are replayable anyway.
  bool replayable = false;
  std::stop_token stop;

  // When set, the body of a 2xx answer is handed over piece by piece as it comes (any framing of its own, for example
  // SSE, is the caller's) and `HttpResponse::body` stays empty; return false to stop. Bodies of other answers are
  // collected.
  std::function<bool(std::string_view)> on_data;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;

  // The first header of that name (case-insensitive), or empty.
  std::string_view Header(std::string_view name) const;
};

class HttpResult {
 public:
  HttpResult(HttpResponse response) : value_(std::move(response)) {}  // NOLINT(google-explicit-constructor)
  HttpResult(HttpError error) : value_(std::move(error)) {}           // NOLINT(google-explicit-constructor)

  bool ok() const { return value_.index() == 0; }  // an answer came, whatever its status
  const HttpResponse& operator*() const { return std::get<HttpResponse>(value_); }
  HttpResponse& operator*() { return std::get<HttpResponse>(value_); }
  const HttpResponse* operator->() const { return &std::get<HttpResponse>(value_); }
  const HttpError& error() const { return std::get<HttpError>(value_); }

 private:
  std::variant<HttpResponse, HttpError> value_;
};

struct HttpClientOptions {
  // PEM bundle of the authorities to trust; empty: SSL_CERT_FILE, then the usual places of distributions.
  std::string ca_file;
  // PEM files of the client certificate (with its chain) and key; both or none.
  std::string certificate_file;
  std::string key_file;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds keep_alive{30'000};  // how long an idle connection is kept; zero: never
  // Honour HTTPS_PROXY, HTTP_PROXY and NO_PROXY (either case). Loopback is never sent through a proxy.
  bool proxy_from_environment = true;
};

// Thread-safe; requests run in parallel, each on a connection of its own. Redirects are not followed.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Sends the request and waits for the answer. Unreadable certificate files are reported as kTls by each call.
  HttpResult Send(const HttpRequest& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;    // without brackets
  std::string port;    // as given, or the scheme's
  std::string target;  // path and query, at least "/"
};

// Nothing when it is not an absolute http(s) URL, or carries user information, blanks or control characters.
std::optional<Url> ParseUrl(std::string_view url);

// Percent-encodes everything but unreserved characters, for one path segment or query value.
std::string PercentEncode(std::string_view text);

// SSL_CERT_FILE, or the first existing trust store of the usual places; empty if there is none.
std::string FindTrustStore();

}  // namespace gpuaas::platform
