#include "temporal/transport/grpc_transport.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>

#include "google/protobuf/message.h"
#include "temporal/api/errordetails/v1/message.pb.h"
#include "temporal/transport/retry.h"

namespace temporal {
namespace {

constexpr int kMaxMessageBytes = 128 << 20;  // as other SDKs: a page of history may be large

// Whether the server's details of an error say which kind of thing is not there. They are a google.rpc.Status, of which
// Temporal has its own copy.
bool IsAboutAnExecution(const grpc::Status& status) {
  api::errordetails::v1::MultiOperationExecutionFailure::OperationStatus details;
  if (!details.ParseFromString(status.error_details())) return false;
  return std::ranges::any_of(details.details(), [](const google::protobuf::Any& detail) {
    return detail.Is<api::errordetails::v1::NotFoundFailure>();
  });
}

// One try of each call. Methods are called by name on the base class of all messages, as generated stubs do it, so that
// a single instance of gRPC's templates serves the whole API.
class GrpcTransport : public Transport {
 public:
  GrpcTransport(std::shared_ptr<grpc::Channel> channel, std::map<std::string, std::string> metadata)
      : channel_(std::move(channel)), metadata_(std::move(metadata)) {}

  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override {
    using google::protobuf::MessageLite;
    const std::string path = "/temporal.api.workflowservice.v1.WorkflowService/" + std::string(method);
    grpc::ClientContext context;
    for (const auto& [key, value] : metadata_) context.AddMetadata(key, value);
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::system_clock::duration>(options.timeout));
    const std::stop_callback cancel(options.stop, [&context] { context.TryCancel(); });
    const grpc::Status status = grpc::internal::BlockingUnaryCall<MessageLite, MessageLite>(
        channel_.get(), grpc::internal::RpcMethod(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC), &context,
        request, &response);
    if (status.ok()) return absl::OkStatus();
    // gRPC gives an oversized message the code of an overloaded server.
    if (status.error_message().find("message larger than max") != std::string::npos) return TooLarge();
    if (status.error_code() == grpc::StatusCode::NOT_FOUND && IsAboutAnExecution(status)) {
      return NoSuchExecution(status.error_message());
    }
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::map<std::string, std::string> metadata_;
};

std::shared_ptr<grpc::ChannelCredentials> Credentials(const std::optional<TlsOptions>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = tls->root_certificates_pem;
  options.pem_cert_chain = tls->client_certificate_pem;
  options.pem_private_key = tls->client_key_pem;
  return grpc::SslCredentials(options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<Transport>> Connect(const ConnectOptions& options) {
  if (options.address.empty()) return absl::InvalidArgumentError("no address of a Temporal server");
  if (!options.api_key.empty() && !options.tls)
    return absl::InvalidArgumentError("an API key may only be sent over TLS");
  if (options.tls && options.tls->client_certificate_pem.empty() != options.tls->client_key_pem.empty()) {
    return absl::InvalidArgumentError("a client certificate and its key belong together");
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 15'000);
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
  if (!options.api_key.empty()) metadata["authorization"] = "Bearer " + options.api_key;
  auto channel = grpc::CreateCustomChannel(options.address, Credentials(options.tls), arguments);
  return std::make_shared<RetryingTransport>(std::make_shared<GrpcTransport>(std::move(channel), std::move(metadata)));
}

}  // namespace temporal
