#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Requests and responses as handlers see them; no HTTP library shows through.
namespace gpuaas::platform {

struct LessIgnoringCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
using HeaderMap = std::map<std::string, std::string, LessIgnoringCase>;

struct Request {
  std::string method;                         // "GET"
  std::string path;                           // as sent, without the query
  std::string route;                          // template of the matched route, for example "/api/v1/allocations/{id}"
  std::map<std::string, std::string> params;  // values of the template's parameters, percent-decoded
  std::map<std::string, std::string> query;   // percent-decoded; a name given twice is refused before the handler runs
  HeaderMap headers;
  std::string body;
  std::string correlation_id;
  std::string remote_address;  // of the peer of the connection, not of X-Forwarded-For

  // The header, or empty.
  std::string_view Header(std::string_view name) const;
};

// The writing end of a stream of server-sent events. Used by one thread.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // Sends one message; `id` and `event` may be empty; `data` is sent line by line. False: nobody listens any more.
  virtual bool Send(std::string_view id, std::string_view event, std::string_view data) = 0;
  // Sends a comment, which clients ignore; it shows whether somebody still listens.
  virtual bool Comment(std::string_view text) = 0;
  // Waits, at most until `duration` has passed. False: nobody listens any more or the server is shutting down.
  virtual bool Wait(std::chrono::milliseconds duration) = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // When set, the response is text/event-stream, `body` is not used, and this runs on a thread of its own until it
  // returns, which ends the stream.
  std::function<void(EventStream&)> stream;

  static Response Json(int status, std::string body);
};

using Handler = std::function<absl::StatusOr<Response>(const Request&)>;

// The envelope {code, message, correlation_id, details} with the status of the code; `details.retry_after_seconds`
// becomes Retry-After too. What is at fault inside (`internal`, the database, the secret store, a node...) is shown by
// the meaning of its code; its message belongs into the log.
Response ErrorResponse(const absl::Status& error, std::string_view correlation_id);

// Nothing if `text` holds a malformed escape, or what comes of it is not UTF-8, which all behind here goes by.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);
// Parses "a=1&b=2". kMalformedRequest: a malformed escape; kInvalidArgument: a name given twice, a NUL.
absl::StatusOr<std::map<std::string, std::string>> ParseQuery(std::string_view query);

}  // namespace gpuaas::platform
