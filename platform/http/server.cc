#include "platform/http/server.h"

#include <cpprest/http_listener.h>

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "domain/status.h"
#include "platform/http/event_stream.h"
#include "platform/http/worker_pool.h"

namespace gpuaas::platform {
namespace {

using web::http::http_request;
using web::http::http_response;
using Steady = std::chrono::steady_clock;

// One request on its way from cpprest's thread to the answer.
struct Exchange {
  http_request message;
  Request request;
  const Route* route = nullptr;
  Steady::time_point started = Steady::now();
};

bool IsCorrelationId(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

// kMalformedRequest or kPayloadTooLarge when the body can't be taken.
absl::Status CheckBodyHeaders(const Request& request, std::size_t max_bytes) {
  if (!request.Header("Transfer-Encoding").empty()) {
    return MakeError(ErrorCode::kMalformedRequest, "send Content-Length instead of Transfer-Encoding");
  }
  std::string_view text = request.Header("Content-Length");
  if (text.empty()) return absl::OkStatus();
  std::size_t length = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) {
    return MakeError(ErrorCode::kMalformedRequest, "Content-Length is not a number");
  }
  if (length > max_bytes) {
    return MakeError(ErrorCode::kPayloadTooLarge, "the body may have " + std::to_string(max_bytes) + " bytes",
                     "{\"max_bytes\":" + std::to_string(max_bytes) + "}");
  }
  return absl::OkStatus();
}

class CppRestServer final : public Server {
 public:
  CppRestServer(ServerOptions options, std::shared_ptr<const Router> router)
      : options_(std::move(options)),
        router_(std::move(router)),
        pool_(std::make_unique<WorkerPool>(options_.workers, options_.max_queued)) {}
  ~CppRestServer() override { Stop(); }

  absl::Status Start() {
    bool v6 = options_.host.find(':') != std::string::npos;
    std::string url =
        "http://" + (v6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(options_.port);
    try {
      listener_ = std::make_unique<web::http::experimental::listener::http_listener>(url);
      listener_->support([this](http_request message) { Accept(std::move(message)); });
      listener_->open().get();
    } catch (const std::exception& e) {
      listener_.reset();
      return MakeError(ErrorCode::kUnavailable, "cannot listen on " + url + ": " + e.what());
    }
    return absl::OkStatus();
  }

  void Stop() override {
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    for (auto& stream : streams_) stream->Close();
    idle_.wait_for(lock, options_.drain, [this] { return in_flight_ == 0; });
    lock.unlock();
    if (listener_) {
      try {
        listener_->close().get();
      } catch (const std::exception&) {
        // Whatever it complains about, it no longer listens.
      }
    }
    pool_.reset();
    lock.lock();
    idle_.wait(lock, [this] { return streams_.empty(); });
  }

 private:
  // On cpprest's threads: cheap checks only.
  void Accept(http_request message) {
    auto exchange = std::make_shared<Exchange>();
    exchange->message = std::move(message);
    bool refused = false;
    {
      std::lock_guard lock(mutex_);
      refused = stopping_;
      ++in_flight_;
    }
    absl::Status status =
        refused ? MakeError(ErrorCode::kUnavailable, "the service is shutting down", "{\"retry_after_seconds\":1}")
                : Read(*exchange);
    if (!status.ok()) return Fail(*exchange, status);
    exchange->message.content_ready().then([this, exchange](pplx::task<http_request> ready) {
      try {
        std::vector<unsigned char> body = ready.get().extract_vector().get();
        exchange->request.body.assign(body.begin(), body.end());
      } catch (const std::exception&) {
        return Fail(*exchange, MakeError(ErrorCode::kMalformedRequest, "the body did not arrive"));
      }
      if (!pool_->Post([this, exchange] { Handle(*exchange); })) {
        Fail(*exchange, MakeError(ErrorCode::kUnavailable, "too many requests wait", "{\"retry_after_seconds\":1}"));
      }
    });
  }

  absl::Status Read(Exchange& exchange) {
    Request& request = exchange.request;
    request.method = exchange.message.method();
    request.path = exchange.message.request_uri().path();
    request.remote_address = exchange.message.remote_address();
    for (const auto& [name, value] : exchange.message.headers()) request.headers[name] = value;
    std::string_view correlation = request.Header("X-Correlation-Id");
    if (IsCorrelationId(correlation)) {
      request.correlation_id = correlation;
    } else if (options_.make_correlation_id) {
      request.correlation_id = options_.make_correlation_id();
    }
    auto route = router_->Find(request.method, request.path, &request.params);
    if (!route.ok()) return route.status();
    exchange.route = *route;
    request.route = (*route)->path;
    auto query = ParseQuery(exchange.message.request_uri().query());
    if (!query.ok()) return query.status();
    request.query = *std::move(query);
    return CheckBodyHeaders(request, (*route)->max_body_bytes);
  }

  // On a worker thread.
  void Handle(Exchange& exchange) {
    absl::StatusOr<Response> response = absl::UnknownError("not handled");
    try {
      response = exchange.route->handler(exchange.request);
    } catch (const std::exception& e) {
      response = MakeError(ErrorCode::kInternal, std::string("unhandled exception: ") + e.what());
    }
    if (!response.ok()) return Fail(exchange, response.status());
    if (response->stream) return Stream(exchange, *std::move(response));
    Tell(exchange, response->status, nullptr);
    Reply(exchange, *std::move(response));
  }

  void Fail(Exchange& exchange, const absl::Status& error) {
    Response response = ErrorResponse(error, exchange.request.correlation_id);
    // What was not read of the body would be taken for the next request.
    if (response.status == 413 || response.status == 400) response.headers.emplace_back("Connection", "close");
    Tell(exchange, response.status, &error);
    Reply(exchange, std::move(response));
  }

  void Tell(const Exchange& exchange, int status, const absl::Status* error) {
    if (!options_.on_request) return;
    const Request& request = exchange.request;
    options_.on_request(
        {request.method, request.route, request.path, request.correlation_id, request.remote_address, status,
         std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - exchange.started), error});
  }

  static http_response Message(const Exchange& exchange, const Response& response) {
    http_response message(static_cast<web::http::status_code>(response.status));
    message.headers().add("X-Correlation-Id", exchange.request.correlation_id);
    message.headers().add("X-Content-Type-Options", "nosniff");
    message.headers().add("Cache-Control", "no-store");
    for (const auto& [name, value] : response.headers) message.headers().add(name, value);
    return message;
  }

  void Reply(Exchange& exchange, Response response) {
    http_response message = Message(exchange, response);
    message.set_body(std::move(response.body), response.content_type);
    exchange.message.reply(message).then([this](pplx::task<void> sent) {
      Observe(sent);
      Done();
    });
  }

  void Stream(Exchange& exchange, Response response) {
    auto stream = std::make_shared<BufferedEventStream>();
    bool full = false;
    {
      std::lock_guard lock(mutex_);
      full = stopping_ || streams_.size() >= static_cast<std::size_t>(options_.max_streams);
      if (!full) streams_.push_back(stream);
    }
    if (full) {
      return Fail(exchange,
                  MakeError(ErrorCode::kRateLimited, "too many event streams are open", "{\"retry_after_seconds\":5}"));
    }
    Tell(exchange, 200, nullptr);
    http_response message = Message(exchange, response);
    message.headers().add("X-Accel-Buffering", "no");
    message.set_body(stream->buffer().create_istream(), "text/event-stream");
    exchange.message.reply(message).then([this, stream](pplx::task<void> sent) {
      Observe(sent);
      stream->Close();
      Done();
    });
    std::thread([this, stream, write = std::move(response.stream)] {
      try {
        write(*stream);
      } catch (const std::exception&) {
        // The listener sees the stream end and comes again.
      }
      stream->Finish();
      std::lock_guard lock(mutex_);
      streams_.remove(stream);
      idle_.notify_all();
    }).detach();
  }

  // A pplx task whose exception nobody looks at ends the process.
  static void Observe(pplx::task<void>& task) {
    try {
      task.get();
    } catch (const std::exception&) {
      // The peer has gone; there is nobody to tell.
    }
  }

  void Done() {
    std::lock_guard lock(mutex_);
    --in_flight_;
    idle_.notify_all();
  }

  const ServerOptions options_;
  const std::shared_ptr<const Router> router_;
  std::unique_ptr<WorkerPool> pool_;
  std::unique_ptr<web::http::experimental::listener::http_listener> listener_;
  std::mutex mutex_;
  std::condition_variable idle_;
  bool stopping_ = false;
  int in_flight_ = 0;
  std::list<std::shared_ptr<BufferedEventStream>> streams_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> StartServer(ServerOptions options, std::shared_ptr<const Router> router) {
  auto server = std::make_unique<CppRestServer>(std::move(options), std::move(router));
  if (absl::Status status = server->Start(); !status.ok()) return status;
  return server;
}

}  // namespace gpuaas::platform
