#include "platform/http_client/connection.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <limits>
#include <utility>

namespace gpuaas::platform {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Kind = HttpError::Kind;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds kStopPoll{100};
constexpr std::uint32_t kMaxHeaderBytes = 64 * 1024;

std::string Origin(const Url& url) {
  bool v6 = url.host.find(':') != url.host.npos;
  return (v6 ? "[" + url.host + "]" : url.host) + ":" + url.port;
}

std::string HostHeader(const Url& url) {
  bool usual = url.port == (url.scheme == "https" ? "443" : "80");
  std::string origin = Origin(url);
  return usual ? origin.substr(0, origin.size() - url.port.size() - 1) : origin;
}

}  // namespace

class Connection::Impl {
 public:
  Impl(SSL_CTX* tls, bool secure) : tls_((SSL_CTX_up_ref(tls), tls)), stream_(io_, tls_), secure_(secure) {}

  std::optional<HttpError> Open(const Url& url, const std::optional<Proxy>& proxy, const Bounds& bounds) {
    const std::string host = proxy ? proxy->host : url.host;
    const std::string port = proxy ? proxy->port : url.port;
    const std::string where = proxy ? "proxy " + host + ":" + port : Origin(url);
    proxied_plain_ = proxy.has_value() && !secure_;

    net::ip::tcp::resolver resolver(io_);
    net::ip::tcp::resolver::results_type addresses;
    auto ec = Wait(
        bounds, [&] { resolver.cancel(); },
        [&](auto done) {
          resolver.async_resolve(host, port, [&, done](error_code error, auto results) {
            addresses = std::move(results);
            done(error);
          });
        });
    if (ec) return Fail(Kind::kConnect, "resolve " + host, ec);
    ec = Wait(
        bounds, [&] { Close(); },
        [&](auto done) { socket().async_connect(addresses, [done](error_code error, const auto&) { done(error); }); });
    if (ec) return Fail(Kind::kConnect, "connect to " + where, ec);
    socket().socket().set_option(net::ip::tcp::no_delay(true), ec);
    if (!secure_) return std::nullopt;
    if (proxy) {
      if (auto error = Tunnel(url, where, bounds)) return error;
    }
    return Handshake(url, bounds);
  }

  HttpResult Exchange(const HttpRequest& request, const Url& url, const Bounds& bounds) {
    answered_ = reusable_ = false;
    return secure_ ? ExchangeOver(stream_, request, url, bounds) : ExchangeOver(socket(), request, url, bounds);
  }

  bool answered() const { return answered_; }

  bool reusable() {
    if (!reusable_ || buffer_.size() > 0) return false;
    pollfd readable{socket().socket().native_handle(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 0;
  }

 private:
  beast::tcp_stream& socket() { return stream_.next_layer(); }

  void Close() {
    error_code ignored;
    socket().socket().close(ignored);
  }

  // Starts an operation and drives it to its end; when a bound is hit, `cancel` makes it end early.
  template <class Cancel, class Start>
  error_code Wait(const Bounds& bounds, Cancel cancel, Start start) {
    std::optional<error_code> result;
    bounded_ = std::nullopt;
    io_.restart();
    start([&](error_code ec) { result = ec; });
    while (!result) {
      auto now = std::chrono::steady_clock::now();
      if (!bounded_ && bounds.stop.stop_requested()) bounded_ = Kind::kCancelled;
      if (!bounded_ && bounds.deadline && now >= *bounds.deadline) bounded_ = Kind::kTimeout;
      if (bounded_) {
        cancel();
        io_.run();
        break;
      }
      auto until = now + (bounds.stop.stop_possible() ? kStopPoll : std::chrono::hours(1));
      if (bounds.deadline) until = std::min(until, *bounds.deadline);
      io_.run_until(until);
    }
    return result.value_or(net::error::operation_aborted);
  }

  HttpError Fail(Kind kind, const std::string& what, const error_code& ec) {
    if (bounded_ == Kind::kTimeout) return {Kind::kTimeout, what + ": no answer in time"};
    if (bounded_ == Kind::kCancelled) return {Kind::kCancelled, what + ": cancelled"};
    if (ec == http::error::body_limit) return {Kind::kTooLarge, what + ": the answer is too large"};
    if (ec.category() == net::error::get_ssl_category()) kind = Kind::kTls;
    return {kind, what + ": " + ec.message()};
  }

  std::optional<HttpError> Tunnel(const Url& url, const std::string& where, const Bounds& bounds) {
    http::request<http::empty_body> request(http::verb::connect, Origin(url), 11);
    request.set(http::field::host, Origin(url));
    auto ec = Wait(
        bounds, [&] { Close(); },
        [&](auto done) {
          http::async_write(socket(), request, [done](error_code error, std::size_t) { done(error); });
        });
    http::response_parser<http::empty_body> parser;
    parser.skip(true);
    if (!ec) {
      ec = Wait(
          bounds, [&] { Close(); },
          [&](auto done) {
            http::async_read_header(socket(), buffer_, parser, [done](error_code error, std::size_t) { done(error); });
          });
    }
    if (ec) return Fail(Kind::kConnect, where, ec);
    if (parser.get().result_int() / 100 != 2) {
      return HttpError{Kind::kConnect, where + " refused with " + std::to_string(parser.get().result_int())};
    }
    buffer_.clear();
    return std::nullopt;
  }

  std::optional<HttpError> Handshake(const Url& url, const Bounds& bounds) {
    SSL* ssl = stream_.native_handle();
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    error_code not_ip;
    net::ip::make_address(url.host, not_ip);
    if (not_ip) {
      SSL_set_tlsext_host_name(ssl, url.host.c_str());
      SSL_set1_host(ssl, url.host.c_str());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url.host.c_str());
    }
    auto ec = Wait(
        bounds, [&] { Close(); },
        [&](auto done) {
          stream_.async_handshake(net::ssl::stream_base::client, [done](error_code error) { done(error); });
        });
    if (!ec) return std::nullopt;
    auto verdict = SSL_get_verify_result(ssl);
    if (!bounded_ && verdict != X509_V_OK) {
      return HttpError{Kind::kTls, "certificate of " + Origin(url) + ": " + X509_verify_cert_error_string(verdict)};
    }
    return Fail(Kind::kTls, "TLS handshake with " + Origin(url), ec);
  }

  template <class Stream>
  HttpResult ExchangeOver(Stream& stream, const HttpRequest& request, const Url& url, const Bounds& bounds) {
    http::request<http::string_body> message;
    message.method_string(request.method);
    message.target(proxied_plain_ ? "http://" + Origin(url) + url.target : url.target);
    message.version(11);
    message.set(http::field::host, HostHeader(url));
    for (const auto& [name, value] : request.headers) message.insert(name, value);
    message.body() = request.body;
    if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) message.prepare_payload();

    const std::string what = request.method + " " + url.scheme + "://" + Origin(url);
    auto ec = Wait(
        bounds, [&] { Close(); },
        [&](auto done) { http::async_write(stream, message, [done](error_code error, std::size_t) { done(error); }); });
    if (ec) return Fail(Kind::kProtocol, what, ec);
    return Receive(stream, request, what, bounds);
  }

  template <class Stream>
  HttpResult Receive(Stream& stream, const HttpRequest& request, const std::string& what, const Bounds& bounds) {
    http::response_parser<http::string_body> parser;
    parser.header_limit(kMaxHeaderBytes);
    // "No limit" would be boost::none, but Debian's Beast takes every Content-Length for more than that.
    parser.body_limit(request.on_data ? std::numeric_limits<std::uint64_t>::max() : request.max_body_bytes);
    parser.skip(request.method == "HEAD");
    auto ec = Wait(
        IdleBounds(request, bounds), [&] { Close(); },
        [&](auto done) {
          http::async_read_header(stream, buffer_, parser, [&, done](error_code error, std::size_t bytes) {
            answered_ = bytes > 0;
            done(error);
          });
        });
    if (ec) return Fail(Kind::kProtocol, what, ec);

    HttpResponse response;
    response.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) {
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    const bool streaming = request.on_data && response.status / 100 == 2;
    std::string& body = parser.get().body();
    while (!ec && !parser.is_done()) {
      ec = Wait(
          IdleBounds(request, bounds), [&] { Close(); },
          [&](auto done) {
            http::async_read_some(stream, buffer_, parser, [done](error_code error, std::size_t) { done(error); });
          });
      if (!streaming && body.size() > request.max_body_bytes) ec = http::error::body_limit;
      if (!streaming || body.empty()) continue;
      bool wanted = request.on_data(body);
      body.clear();
      if (!wanted) return HttpError{Kind::kCancelled, what + ": stopped by the reader"};
    }
    if (ec) return Fail(Kind::kProtocol, what, ec);
    reusable_ = parser.get().keep_alive();
    response.body = std::move(body);
    return response;
  }

  static Bounds IdleBounds(const HttpRequest& request, Bounds bounds) {
    if (request.idle_timeout.count() == 0) return bounds;
    SteadyTime idle = std::chrono::steady_clock::now() + request.idle_timeout;
    bounds.deadline = bounds.deadline ? std::min(*bounds.deadline, idle) : idle;
    return bounds;
  }

  net::io_context io_{1};
  net::ssl::context tls_;
  beast::ssl_stream<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  const bool secure_;
  bool proxied_plain_ = false;
  bool answered_ = false;
  bool reusable_ = false;
  std::optional<Kind> bounded_;  // the bound that ended the last wait
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

std::variant<std::unique_ptr<Connection>, HttpError> Connection::Open(const Url& url, const std::optional<Proxy>& proxy,
                                                                      SSL_CTX* tls, const Bounds& bounds) {
  auto impl = std::make_unique<Impl>(tls, url.scheme == "https");
  if (auto error = impl->Open(url, proxy, bounds)) return *std::move(error);
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

HttpResult Connection::Exchange(const HttpRequest& request, const Url& url, const Bounds& bounds) {
  return impl_->Exchange(request, url, bounds);
}

bool Connection::answered() const { return impl_->answered(); }
bool Connection::reusable() const { return impl_->reusable(); }

}  // namespace gpuaas::platform
