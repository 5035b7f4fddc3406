#include "temporal/transport/grpc_transport.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "temporal/transport/error_details.h"
#include "temporal/transport/retry.h"
#include "temporal/transport/unary_calls.h"

namespace temporal {
namespace {

constexpr char kAuthorization[] = "authorization";

// gRPC ends the process when it is given metadata that it cannot send.
bool MayBeValue(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}
bool MayBeKey(std::string_view key) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !key.empty() && std::ranges::all_of(key, allowed) && !key.starts_with("grpc-");
}

absl::StatusOr<std::string> Bearer(const std::string& key) {
  if (key.empty() || !MayBeValue(key)) {
    return absl::UnauthenticatedError("the API key is empty, or has characters that cannot be sent (a line's end?)");
  }
  return "Bearer " + key;
}

// What a failed handshake looks like: gRPC has no code of its own for it.
bool IsAboutTls(const std::string& message) {
  for (const char* sign : {"andshake", "SSL_ERROR", "peer certificate"}) {
    if (message.find(sign) != std::string::npos) return true;
  }
  return false;
}

absl::Status ToStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  // gRPC gives an oversized message the code of an overloaded server.
  if (status.error_message().find("message larger than max") != std::string::npos) return TooLarge();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && IsAboutTls(status.error_message())) {
    return TlsFailure(status.error_message());
  }
  return WithErrorDetails(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                          status.error_details());
}

// One try of each call. Methods are called by name on the base class of all messages, as generated stubs do it, so that
// a single instance of gRPC's templates serves the whole API.
class GrpcTransport : public Transport {
 public:
  GrpcTransport(std::shared_ptr<grpc::Channel> channel, std::map<std::string, std::string> metadata,
                std::function<absl::StatusOr<std::string>()> api_key_source)
      : calls_(std::move(channel)), metadata_(std::move(metadata)), api_key_source_(std::move(api_key_source)) {}

  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override {
    const std::string path = "/temporal.api.workflowservice.v1.WorkflowService/" + std::string(method);
    grpc::ClientContext context;
    for (const auto& [key, value] : metadata_) context.AddMetadata(key, value);
    if (api_key_source_) {
      auto key = api_key_source_();
      if (!key.ok()) return key.status();
      auto bearer = Bearer(*key);
      if (!bearer.ok()) return bearer.status();
      context.AddMetadata(kAuthorization, *bearer);
    }
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::system_clock::duration>(options.timeout));
    const std::stop_callback cancel(options.stop, [&context] { context.TryCancel(); });
    return ToStatus(calls_.Call(path, context, request, response));
  }

 private:
  UnaryCalls calls_;
  const std::map<std::string, std::string> metadata_;
  const std::function<absl::StatusOr<std::string>()> api_key_source_;
};

std::shared_ptr<grpc::ChannelCredentials> Credentials(const std::optional<TlsOptions>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = tls->root_certificates_pem;
  options.pem_cert_chain = tls->client_certificate_pem;
  options.pem_private_key = tls->client_key_pem;
  return grpc::SslCredentials(options);
}

bool IsPem(const std::string& text) { return text.empty() || text.find("-----BEGIN ") != std::string::npos; }

absl::Status Check(const ConnectOptions& options) {
  if (options.address.empty()) return absl::InvalidArgumentError("no address of a Temporal server");
  if (!options.api_key.empty() && options.api_key_source) {
    return absl::InvalidArgumentError("an API key is given, and a source of API keys as well");
  }
  if ((!options.api_key.empty() || options.api_key_source) && !options.tls) {
    return absl::InvalidArgumentError("an API key may only be sent over TLS");
  }
  if (!MayBeValue(options.api_key)) {
    return absl::InvalidArgumentError("the API key has characters that cannot be sent (a line's end?)");
  }
  for (const auto& [key, value] : options.metadata) {
    if (!MayBeKey(key)) return absl::InvalidArgumentError(absl::StrCat("'", key, "' cannot be a key of metadata"));
    if (!key.ends_with("-bin") && !MayBeValue(value)) {
      return absl::InvalidArgumentError(absl::StrCat("the value of metadata '", key, "' cannot be sent"));
    }
  }
  if (!options.tls) return absl::OkStatus();
  if (options.tls->client_certificate_pem.empty() != options.tls->client_key_pem.empty()) {
    return absl::InvalidArgumentError("a client certificate and its key belong together");
  }
  if (!IsPem(options.tls->root_certificates_pem) || !IsPem(options.tls->client_certificate_pem) ||
      !IsPem(options.tls->client_key_pem)) {
    return absl::InvalidArgumentError("a certificate or key for TLS is not PEM");
  }
  return absl::OkStatus();
}

int Milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

absl::StatusOr<std::shared_ptr<Transport>> Connect(const ConnectOptions& options) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  if (options.keep_alive) {
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keep_alive->interval));
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keep_alive->timeout));
  }
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // RetryingTransport does it
  // A channel of its own, not one shared with every other in the process.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (options.tls && !options.tls->server_name.empty()) arguments.SetSslTargetNameOverride(options.tls->server_name);

  std::map<std::string, std::string> metadata = options.metadata;
  metadata.emplace("client-name", "temporal-cpp");
  metadata.emplace("client-version", "0.1.0");
  if (!options.api_key.empty()) metadata[kAuthorization] = *Bearer(options.api_key);
  auto channel = grpc::CreateCustomChannel(options.address, Credentials(options.tls), arguments);
  return std::make_shared<RetryingTransport>(
      std::make_shared<GrpcTransport>(std::move(channel), std::move(metadata), options.api_key_source));
}

}  // namespace temporal
