#include "cli/core/session.h"

#include <algorithm>
#include <utility>

#include "cli/core/error.h"
#include "cli/core/ids.h"
#include "cli/core/interrupt.h"

namespace gpuaas::cli {
namespace {

using platform::HttpError;
using platform::HttpRequest;
using platform::HttpResult;
using std::chrono::milliseconds;

constexpr std::size_t kLargestPage = 200;  // as the contract bounds `limit`

bool WasNotSent(const HttpError& error) {
  return error.kind == HttpError::Kind::kConnect || error.kind == HttpError::Kind::kTls ||
         error.kind == HttpError::Kind::kInvalidRequest;
}

CliError ErrorOfTransport(const HttpError& error, const std::string& url) {
  CliError failure(error.kind == HttpError::Kind::kTimeout ? ErrorCode::kDeadlineExceeded : ErrorCode::kUnavailable,
                   "no answer from " + url + ": " + error.message,
                   "check that the service runs and that --url (GPUAAS_URL) is right: gpuaas context show");
  if (error.kind == HttpError::Kind::kTls) failure.next = "name the authority to trust by --ca-file (GPUAAS_CA_FILE)";
  if (error.kind == HttpError::Kind::kInvalidRequest) failure.exit = ExitCode::kUsage;
  return failure;
}

std::string CorrelationOf(const platform::HttpResponse& response) {
  return std::string(response.Header("X-Correlation-Id"));
}

// The answer, if the request was done.
std::optional<Json> AnswerIn(const HttpResult& result) {
  if (!result.ok() || result->status >= 300) return std::nullopt;
  Json body = ParseJson(result->body);
  if (!body.is_object()) return std::nullopt;  // no answer of the contract is anything else
  return body;
}

// Why there is no answer in it.
CliError ErrorOf(const HttpResult& result, const std::string& url) {
  if (!result.ok()) return ErrorOfTransport(result.error(), url);
  if (result->status >= 400) return ErrorOfResponse(result->status, result->body, CorrelationOf(*result));
  CliError error(
      ErrorCode::kInternal,
      "the answer of " + url + " (HTTP status " + std::to_string(result->status) + ") is not one of the contract",
      "is --url the address of a GPUaaS service?");
  error.correlation_id = CorrelationOf(*result);
  return error;
}

Json AnswerOf(const HttpResult& result, const std::string& url) {
  if (auto answer = AnswerIn(result)) return *std::move(answer);
  throw ErrorOf(result, url);
}

// The server took the request, looked at it and did not do it.
bool IsRefusal(const HttpResult& result) {
  return result.ok() && result->status >= 400 && result->status < 500 && result->status != 408;
}

std::string HowToResume(const PendingRequest& request) {
  return "gpuaas pending resume " + request.key + "\n(sends it once more with the same key; it is never done twice)";
}

}  // namespace

std::string Target(std::string_view path, const Query& query) {
  std::string target(path);
  char separator = target.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    target += separator + platform::PercentEncode(name) + "=" + platform::PercentEncode(value);
    separator = '&';
  }
  return target;
}

Session::Session(SessionOptions options, PendingStore pending, Send send, Pause pause)
    : options_(std::move(options)), pending_(std::move(pending)), send_(std::move(send)), pause_(std::move(pause)) {}

HttpRequest Session::Make(std::string method, const std::string& target, std::string body) const {
  HttpRequest request;
  request.method = std::move(method);
  request.url = options_.url + target;
  request.timeout = options_.timeout;
  request.headers = {{"Accept", "application/json"}, {"X-Correlation-Id", NewId("corr")}};
  if (!options_.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.token);
  if (!options_.tenant.empty()) request.headers.emplace_back("X-Tenant", options_.tenant);
  if (!options_.project.empty()) request.headers.emplace_back("X-Project", options_.project);
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  return request;
}

Json Session::Get(std::string_view path, const Query& query) const {
  return AnswerOf(send_(Make("GET", Target(path, query), {})), options_.url);
}

Json Session::PostOpen(std::string_view path, const Json& body) const {
  HttpRequest request = Make("POST", std::string(path), body.dump());
  std::erase_if(request.headers, [](const auto& header) {
    return header.first == "Authorization" || header.first == "X-Tenant" || header.first == "X-Project";
  });
  return AnswerOf(send_(request), options_.url);
}

Reply Session::Call(const std::string& method, const std::string& target, const std::string& body,
                    const platform::HttpHeaders& headers) const {
  HttpRequest request = Make(method, target, body);
  for (const auto& header : headers) {
    std::erase_if(request.headers, [&](const auto& ours) { return ours.first == header.first; });
    request.headers.push_back(header);
  }
  const HttpResult result = send_(request);
  if (!result.ok()) throw ErrorOfTransport(result.error(), options_.url);
  return {result->status, result->body, CorrelationOf(*result)};
}

Json Session::Mutate(const Mutation& mutation) const {
  PendingRequest request;
  request.key = mutation.key.empty() ? NewId("cli") : mutation.key;
  request.method = mutation.method;
  request.target = mutation.path;
  if (mutation.body) request.body = mutation.body->dump();
  request.url = options_.url;
  request.tenant = options_.tenant;
  request.project = options_.project;
  request.username = options_.username;
  request.command = options_.command;
  request.created_at = FormatTime(std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()));
  return Deliver(std::move(request));
}

Json Session::Resume(PendingRequest request) const { return Deliver(std::move(request)); }

Json Session::Deliver(PendingRequest request) const {
  PendingStore::Entry entry = pending_.Begin(request);
  const InterruptNotice notice("interrupted: outcome unknown, the request may have been accepted\nkey:  " +
                               request.key + "\nnext: " + HowToResume(request) + "\n");
  HttpRequest http = Make(request.method, request.target, request.body);
  http.headers.emplace_back("X-Idempotency-Key", request.key);

  constexpr int kTries = 3;
  bool maybe_done = entry.maybe_sent_before();
  for (int attempt = 1;; ++attempt) {
    if (attempt > 1) pause_(milliseconds(500) * (attempt - 1));
    const HttpResult result = send_(http);
    if (auto answer = AnswerIn(result)) {
      entry.Settle();
      return *std::move(answer);
    }
    const bool refused = IsRefusal(result);
    CliError error = ErrorOf(result, options_.url);
    if (!maybe_done && (refused || (!result.ok() && WasNotSent(result.error())))) {
      entry.Settle();
      throw error;
    }
    // From here on only an answer settles it: a refusal (an expired login, a limit) says nothing of earlier sendings.
    maybe_done = true;
    if (!refused && attempt < kTries) continue;
    error.message += "; outcome unknown, key " + request.key;
    error.next = (refused && !error.next.empty() ? error.next + "\n" : "") + HowToResume(request);
    throw error;
  }
}

void Session::Stream(std::string_view path, const std::string& last_event_id, std::stop_token stop,
                     const std::function<bool(const ServerEvent&)>& on_event) const {
  HttpRequest request = Make("GET", std::string(path), {});
  request.headers.front().second = "text/event-stream";
  if (!last_event_id.empty()) request.headers.emplace_back("Last-Event-ID", last_event_id);
  request.timeout = milliseconds(0);
  request.idle_timeout = milliseconds(45'000);  // the server comments every 15 s
  request.stop = std::move(stop);
  EventStreamParser parser;
  bool wanted = true;
  request.on_data = [&](std::string_view piece) {
    parser.Feed(piece, [&](const ServerEvent& event) { wanted = wanted && on_event(event); });
    return wanted;
  };
  const HttpResult result = send_(request);
  if (!result.ok()) {
    if (result.error().kind == HttpError::Kind::kCancelled) return;
    throw ErrorOfTransport(result.error(), options_.url);
  }
  if (result->status >= 400) throw ErrorOfResponse(result->status, result->body, CorrelationOf(*result));
}

Listing List(const Session& session, std::string_view path, Query query, std::size_t limit, std::string cursor) {
  Listing listing;
  listing.next_cursor = std::move(cursor);
  do {
    const std::size_t missing = limit == 0 ? kLargestPage : limit - listing.items.size();
    Query page_query = query;
    page_query.emplace_back("limit", std::to_string(std::min(missing, kLargestPage)));
    page_query.emplace_back("cursor", listing.next_cursor);
    const Json page = session.Get(path, page_query);
    for (const Json& item : At(page, "items")) listing.items.push_back(item);
    listing.next_cursor = TextAt(page, "next_cursor");
  } while (!listing.next_cursor.empty() && (limit == 0 || listing.items.size() < limit));
  return listing;
}

Listing ListOnePage(const Session& session, std::string_view path, const Query& query) {
  const Json page = session.Get(path, query);
  return {At(page, "items"), TextAt(page, "next_cursor")};
}

}  // namespace gpuaas::cli
