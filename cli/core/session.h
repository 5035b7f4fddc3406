#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/core/pending.h"
#include "cli/core/sse.h"
#include "cli/render/json.h"
#include "platform/http_client/http_client.h"

namespace gpuaas::cli {

// Name and value pairs of a query; pairs with an empty value are left out.
using Query = std::vector<std::pair<std::string, std::string>>;

// "/path?a=b", encoded.
std::string Target(std::string_view path, const Query& query);

struct SessionOptions {
  std::string url;
  std::string tenant;                         // empty: the token's
  std::string project;                        // empty: the first of the token
  std::string token;                          // empty: not logged in
  std::string username;                       // for the pending store
  std::string command;                        // likewise: "allocations create"
  std::chrono::milliseconds timeout{30'000};  // of one request
};

struct Reply {
  int status = 0;
  std::string body;
  std::string correlation_id;
};

struct Mutation {
  std::string method = "POST";
  std::string path;
  std::optional<Json> body;
  std::string key;  // empty: one is made
};

// Talks REST to one server on behalf of one command. Errors are CliError: what the server's envelope says, kUnavailable
// where no answer came. Thread-safe but for Mutate.
class Session {
 public:
  using Send = std::function<platform::HttpResult(const platform::HttpRequest&)>;
  using Pause = std::function<void(std::chrono::milliseconds)>;

  // `pause` waits between tries of a mutation.
  Session(SessionOptions options, PendingStore pending, Send send, Pause pause);

  const SessionOptions& options() const { return options_; }

  Json Get(std::string_view path, const Query& query = {}) const;

  // Sends without a token: for logging in. Never retried, never stored.
  Json PostOpen(std::string_view path, const Json& body) const;

  // Any request, any status; no pending entry. `headers` are added to ours.
  Reply Call(const std::string& method, const std::string& target, const std::string& body,
             const platform::HttpHeaders& headers) const;

  // Stores the request, sends it with its key, and forgets it once the outcome is known. An answer that did not come is
  // asked for again with the same key; if it still does not come, or a refusal comes instead, the entry stays and the
  // error tells how to resume.
  Json Mutate(const Mutation& mutation) const;

  // Sends a stored request again with its key, to the server and in the scope it was made for.
  Json Resume(PendingRequest request) const;

  // Reads a stream of events until `on_event` returns false, the stream ends or `stop` is asked. Throws CliError when
  // it cannot be opened.
  void Stream(std::string_view path, const std::string& last_event_id, std::stop_token stop,
              const std::function<bool(const ServerEvent&)>& on_event) const;

 private:
  platform::HttpRequest Make(std::string method, const std::string& target, std::string body) const;
  Json Deliver(PendingRequest request) const;

  SessionOptions options_;
  PendingStore pending_;
  Send send_;
  Pause pause_;
};

// A page of a list, gathered from as many answers as needed.
struct Listing {
  Json items = Json::array();
  std::string next_cursor;  // empty: that was all
};

// Up to `limit` items from `cursor` on (empty: the start); limit 0: all.
Listing List(const Session& session, std::string_view path, Query query, std::size_t limit, std::string cursor);

// A list whose route takes no limit and cursor.
Listing ListOnePage(const Session& session, std::string_view path, const Query& query);

}  // namespace gpuaas::cli
