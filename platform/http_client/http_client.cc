#include "platform/http_client/http_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "platform/http_client/connection.h"
#include "platform/http_client/proxy.h"

namespace gpuaas::platform {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = HttpError::Kind;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

bool IsFieldValue(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos; }

std::string OpensslError(const std::string& what) {
  char reason[256] = "";
  ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
  ERR_clear_error();
  return what + ": " + reason;
}

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, ContextFree>;

}  // namespace

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(),
                   [](char a, char b) { return Lower(a) == Lower(b); })) {
      return value;
    }
  }
  return {};
}

class HttpClient::Impl {
 public:
  explicit Impl(HttpClientOptions options) : options_(std::move(options)), tls_(SSL_CTX_new(TLS_client_method())) {}

  // Reading a distribution's trust store takes tens of milliseconds: only who needs it waits for it.
  void PrepareTls() {
    SSL_CTX_set_min_proto_version(tls_.get(), TLS1_2_VERSION);
    const std::string trust = options_.ca_file.empty() ? FindTrustStore() : options_.ca_file;
    if (!trust.empty() && SSL_CTX_load_verify_locations(tls_.get(), trust.c_str(), nullptr) != 1) {
      tls_error_ = OpensslError("trusted certificates in " + trust);
    }
    if (options_.certificate_file.empty()) return;
    if (SSL_CTX_use_certificate_chain_file(tls_.get(), options_.certificate_file.c_str()) != 1) {
      tls_error_ = OpensslError("client certificate in " + options_.certificate_file);
    } else if (SSL_CTX_use_PrivateKey_file(tls_.get(), options_.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
      tls_error_ = OpensslError("client key in " + options_.key_file);
    }
  }

  HttpResult Send(const HttpRequest& request) {
    auto url = ParseUrl(request.url);
    if (!url) return HttpError{Kind::kInvalidRequest, "not an http or https URL"};
    if (!IsToken(request.method)) return HttpError{Kind::kInvalidRequest, "not a method: " + request.method};
    for (const auto& [name, value] : request.headers) {
      if (!IsToken(name) || !IsFieldValue(value)) return HttpError{Kind::kInvalidRequest, "bad header " + name};
    }
    if (url->scheme == "https") {
      std::call_once(tls_prepared_, [this] { PrepareTls(); });
      if (!tls_error_.empty()) return HttpError{Kind::kTls, tls_error_};
    }

    Bounds bounds{std::nullopt, request.stop};
    if (request.timeout.count() > 0) bounds.deadline = Clock::now() + request.timeout;
    const bool replayable = request.replayable || request.method == "GET" || request.method == "HEAD" ||
                            request.method == "PUT" || request.method == "DELETE";
    const std::string origin = url->scheme + "://" + url->host + ":" + url->port;
    if (replayable) {
      if (auto kept = TakeKept(origin)) {
        HttpResult result = kept->Exchange(request, *url, bounds);
        if (result.ok()) return Keep(origin, std::move(kept), std::move(result));
        const bool dead = result.error().kind == Kind::kProtocol && !kept->answered();
        if (!dead) return result;
      }
    }
    Bounds connecting = bounds;
    auto connect_by = Clock::now() + options_.connect_timeout;
    connecting.deadline = bounds.deadline ? std::min(*bounds.deadline, connect_by) : connect_by;
    auto proxy = options_.proxy_from_environment ? ProxyFor(*url) : std::nullopt;
    auto opened = Connection::Open(*url, proxy, tls_.get(), connecting);
    if (auto* error = std::get_if<HttpError>(&opened)) {
      if (error->kind == Kind::kTimeout) error->kind = Kind::kConnect;  // nothing was sent yet
      return std::move(*error);
    }
    auto& connection = std::get<std::unique_ptr<Connection>>(opened);
    HttpResult result = connection->Exchange(request, *url, bounds);
    return result.ok() ? Keep(origin, std::move(connection), std::move(result)) : std::move(result);
  }

 private:
  struct Kept {
    std::unique_ptr<Connection> connection;
    Clock::time_point since;
  };

  std::unique_ptr<Connection> TakeKept(const std::string& origin) {
    std::lock_guard lock(mutex_);
    auto& idle = kept_[origin];
    while (!idle.empty()) {
      Kept last = std::move(idle.back());
      idle.pop_back();
      if (Clock::now() - last.since < options_.keep_alive && last.connection->reusable()) {
        return std::move(last.connection);
      }
    }
    return nullptr;
  }

  HttpResult Keep(const std::string& origin, std::unique_ptr<Connection> connection, HttpResult result) {
    constexpr std::size_t kMaxIdle = 8;
    if (options_.keep_alive.count() > 0 && connection->reusable()) {
      std::lock_guard lock(mutex_);
      auto& idle = kept_[origin];
      if (idle.size() < kMaxIdle) idle.push_back({std::move(connection), Clock::now()});
    }
    return result;
  }

  const HttpClientOptions options_;
  const TlsContext tls_;
  std::once_flag tls_prepared_;
  std::string tls_error_;
  std::mutex mutex_;
  std::map<std::string, std::vector<Kept>> kept_;
};

HttpClient::HttpClient(HttpClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

HttpResult HttpClient::Send(const HttpRequest& request) { return impl_->Send(request); }

}  // namespace gpuaas::platform
