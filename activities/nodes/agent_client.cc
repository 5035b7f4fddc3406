#include "activities/nodes/agent_client.h"

#include <grpcpp/grpcpp.h>

#include <mutex>
#include <unordered_map>
#include <utility>

#include "domain/nodes/tls_name.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "gpuaas/node/v1/node_agent.grpc.pb.h"
#include "platform/log/log.h"
#include "platform/renewed/renewed.h"

namespace gpuaas::activities {
namespace {

using node::v1::NodeAgent;

absl::Status FromGrpc(const NodeAddress& node, const grpc::Status& status) {
  const std::string message = "node " + node.node_id + ": " + status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return absl::OkStatus();
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::CANCELLED:
      return MakeError(ErrorCode::kNodeUnreachable, message);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return MakeError(ErrorCode::kDeadlineExceeded, message);
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::ALREADY_EXISTS:
      return MakeError(ErrorCode::kConflict, message);
    case grpc::StatusCode::FAILED_PRECONDITION:
      return MakeError(ErrorCode::kInvalidState, message);
    case grpc::StatusCode::INVALID_ARGUMENT:
      return MakeError(ErrorCode::kInvalidArgument, message);
    case grpc::StatusCode::NOT_FOUND:
      return MakeError(ErrorCode::kNotFound, message);
    case grpc::StatusCode::PERMISSION_DENIED:
      return MakeError(ErrorCode::kPermissionDenied, message);
    default:
      return MakeError(ErrorCode::kInternal, message);
  }
}

using Identity = platform::Renewed<ClientIdentity>;

class GrpcAgentClient final : public AgentClient {
 public:
  GrpcAgentClient(std::function<absl::StatusOr<ClientIdentity>()> fetch, AgentClientOptions options)
      : options_(options),
        identity_(
            [fetch = std::move(fetch), options]() -> absl::StatusOr<Identity::Fresh> {
              GPUAAS_ASSIGN_OR_RETURN(ClientIdentity fresh, fetch());
              const auto ends = fresh.expires_at;
              return Identity::Fresh{std::move(fresh), ends - options.renew_before, ends};
            },
            options.renew_pause) {}

  absl::StatusOr<node::v1::Sandbox> EnsureSandbox(const NodeAddress& node,
                                                  const node::v1::EnsureSandboxRequest& request) override {
    return Call<node::v1::Sandbox>(node, options_.call_timeout, &NodeAgent::Stub::EnsureSandbox, request);
  }

  absl::StatusOr<node::v1::RemoveSandboxResponse> RemoveSandbox(
      const NodeAddress& node, const node::v1::RemoveSandboxRequest& request) override {
    return Call<node::v1::RemoveSandboxResponse>(node, options_.call_timeout, &NodeAgent::Stub::RemoveSandbox, request);
  }

  absl::StatusOr<node::v1::ListSandboxesResponse> ListSandboxes(const NodeAddress& node) override {
    return Call<node::v1::ListSandboxesResponse>(node, options_.read_timeout, &NodeAgent::Stub::ListSandboxes,
                                                 node::v1::ListSandboxesRequest());
  }

  absl::StatusOr<node::v1::Inventory> GetInventory(const NodeAddress& node) override {
    return Call<node::v1::Inventory>(node, options_.read_timeout, &NodeAgent::Stub::GetInventory,
                                     node::v1::GetInventoryRequest());
  }

  absl::Status SetAuthorizedKeys(const NodeAddress& node, const node::v1::SetAuthorizedKeysRequest& request) override {
    return Call<node::v1::SetAuthorizedKeysResponse>(node, options_.call_timeout, &NodeAgent::Stub::SetAuthorizedKeys,
                                                     request)
        .status();
  }

 private:
  template <typename Response, typename Request>
  using Method = grpc::Status (NodeAgent::Stub::*)(grpc::ClientContext*, const Request&, Response*);

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const NodeAddress& node, std::chrono::milliseconds timeout,
                                Method<Response, Request> method, const Request& request) {
    auto stub = StubFor(node);
    if (!stub.ok()) return stub.status();
    grpc::ClientContext context;
    const std::string correlation = platform::CurrentCorrelationId();
    if (!correlation.empty()) context.AddMetadata("x-correlation-id", correlation);
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    Response response;
    const grpc::Status status = ((**stub).*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(node, status);
    return response;
  }

  // The kept stub of the node; a new one when its address has changed or our identity was renewed.
  absl::StatusOr<std::shared_ptr<NodeAgent::Stub>> StubFor(const NodeAddress& node) {
    GPUAAS_ASSIGN_OR_RETURN(auto identity, identity_.Get());
    std::lock_guard lock(mutex_);
    if (identity != identity_of_peers_) {
      peers_.clear();
      identity_of_peers_ = identity;
    }
    Peer& peer = peers_[node.node_id];
    if (peer.stub == nullptr || peer.address != node.address) {
      grpc::ChannelArguments arguments;
      arguments.SetSslTargetNameOverride(TlsNameOfNode(node.node_id));
      arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
      arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
      peer = {node.address,
              NodeAgent::NewStub(grpc::CreateCustomChannel(
                  node.address,
                  grpc::SslCredentials({identity->ca_pem, identity->private_key_pem, identity->certificate_pem}),
                  arguments))};
    }
    return peer.stub;
  }

  struct Peer {
    std::string address;
    std::shared_ptr<NodeAgent::Stub> stub;
  };

  const AgentClientOptions options_;
  Identity identity_;
  std::mutex mutex_;
  std::shared_ptr<const ClientIdentity> identity_of_peers_;
  std::unordered_map<std::string, Peer> peers_;
};

}  // namespace

std::unique_ptr<AgentClient> NewAgentClient(std::function<absl::StatusOr<ClientIdentity>()> identity,
                                            AgentClientOptions options) {
  return std::make_unique<GrpcAgentClient>(std::move(identity), options);
}

}  // namespace gpuaas::activities
