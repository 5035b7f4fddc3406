#include "api/common/binder.h"

#include <openssl/crypto.h>

#include <cstdio>
#include <cstdlib>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/auth/verifier.h"
#include "platform/clock/clock.h"
#include "platform/config/config.h"
#include "platform/log/log.h"
#include "platform/openapi/contract.h"
#include "stores/ops/tenant_log.h"

namespace gpuaas::api {
namespace {

using platform::Credential;
using platform::Request;

absl::StatusOr<Principal> Authenticate(const Request& request, Time now, platform::TokenVerifier& verifier) {
  std::string_view header = request.Header("Authorization");
  if (header.empty())
    return MakeError(ErrorCode::kUnauthenticated, "log in first: the request carries no access token");
  constexpr std::string_view kScheme = "Bearer ";
  if (header.size() < kScheme.size() || platform::LessIgnoringCase()(header.substr(0, kScheme.size()), kScheme) ||
      platform::LessIgnoringCase()(kScheme, header.substr(0, kScheme.size()))) {
    return MakeError(ErrorCode::kUnauthenticated, "the Authorization header must be a bearer token");
  }
  GPUAAS_ASSIGN_OR_RETURN(platform::Claims claims, verifier.Verify(header.substr(kScheme.size()), now));
  return PrincipalOf(claims);
}

bool IsSame(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The edge has verified the certificate and tells its subject. Whoever else reaches this port can say so too, hence the
// secret that only the edge has.
absl::StatusOr<NodeId> AuthenticateNode(const Request& request, std::string_view edge_secret) {
  const absl::Status refused = MakeError(ErrorCode::kUnauthenticated, "a node's client certificate is needed");
  if (edge_secret.empty() || !IsSame(request.Header("X-Edge-Secret"), edge_secret)) return refused;
  if (!platform::IsLoopback(request.remote_address) || request.Header("X-Client-Verify") != "SUCCESS") return refused;
  std::string_view subject = request.Header("X-Client-Subject");
  while (!subject.empty()) {
    std::size_t end = std::min(subject.find(','), subject.size());
    std::string_view part = subject.substr(0, end);
    subject.remove_prefix(std::min(end + 1, subject.size()));
    if (!part.starts_with("CN=")) continue;
    if (auto node = NodeId::Parse(part.substr(3))) return *node;
    return refused;
  }
  return refused;
}

absl::StatusOr<std::string> IdempotencyKey(const Request& request) {
  constexpr std::size_t kMaxLength = 128;
  std::string_view key = request.Header("X-Idempotency-Key");
  if (key.empty())
    return MakeError(ErrorCode::kIdempotencyKeyRequired, "this request needs the header X-Idempotency-Key");
  const bool visible = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!visible || key.size() > kMaxLength) {
    return MakeError(ErrorCode::kIdempotencyKeyInvalid, "X-Idempotency-Key must be 1 to 128 visible ASCII characters");
  }
  return std::string(key);
}

absl::StatusOr<nlohmann::json> ReadBody(const Request& request, const platform::Operation& operation,
                                        const platform::Contract& contract) {
  if (!operation.takes_body) return nlohmann::json::object();
  nlohmann::json body = nlohmann::json::object();
  if (!request.body.empty() || operation.body_required) {
    std::string_view type = request.Header("Content-Type");
    type = type.substr(0, type.find(';'));
    if (!type.empty() && type != "application/json") {
      return MakeError(ErrorCode::kUnsupportedMediaType, "send the body as application/json");
    }
    GPUAAS_ASSIGN_OR_RETURN(body, platform::ParseJsonStrictly(request.body));
  }
  GPUAAS_RETURN_IF_ERROR(contract.CheckBody(operation, body));
  return body;
}

// Leaves an audit row of a refused look at, or change of, what is the platform's. The refusal stands without it.
void AuditDenial(Services& services, const Call& call, domain::Permission permission) {
  if (permission < domain::Permission::kNodeRead) return;
  const Access& access = call.access;
  stores::NewLogEntry entry{.caller = access.CallerFor(access.principal.tenant, access.project, call.correlation_id()),
                            .audit_only = true,
                            .type = "access.denied",
                            .resource_kind = "api_operation",
                            .resource_id = call.operation.id,
                            .now = call.now};
  absl::Status status =
      services.database.Transact(platform::TenantScope{access.principal.tenant}, [&](platform::Transaction& tx) {
        stores::AppendLog(tx, entry);
        return absl::OkStatus();
      });
  if (!status.ok()) platform::LogWarning("denial not audited", {{"error", ToStd(status.message())}});
}

}  // namespace

void Binder::Bind(std::string_view operation_id, std::optional<domain::Permission> permission, CallHandler handler) {
  const platform::Operation* operation = services_.contract.Find(operation_id);
  if (operation == nullptr || !bound_.insert(operation->id).second) {
    std::fprintf(stderr, "operation unknown to the contract or bound twice: %s\n", std::string(operation_id).c_str());
    std::abort();
  }
  auto handle = [this, operation, permission,
                 handler = std::move(handler)](const Request& request) -> absl::StatusOr<platform::Response> {
    platform::CorrelationScope correlation(request.correlation_id);
    Call call{.request = request, .operation = *operation, .now = services_.clock.Now()};
    if (operation->credential == Credential::kBearer) {
      GPUAAS_ASSIGN_OR_RETURN(Principal principal, Authenticate(request, call.now, services_.verifier));
      GPUAAS_ASSIGN_OR_RETURN(call.access, ResolveAccess(std::move(principal), request.Header("X-Tenant"),
                                                         request.Header("X-Project"), services_.database));
      if (permission) GPUAAS_RETURN_IF_ERROR(Require(services_, call, *permission));
    } else if (operation->credential == Credential::kClientCertificate) {
      GPUAAS_ASSIGN_OR_RETURN(call.node, AuthenticateNode(request, services_.settings.edge_secret));
    }
    if (operation->takes_idempotency_key) {
      GPUAAS_ASSIGN_OR_RETURN(call.idempotency_key, IdempotencyKey(request));
    }
    const std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
    GPUAAS_RETURN_IF_ERROR(services_.contract.CheckParameters(*operation, request.query, headers));
    GPUAAS_ASSIGN_OR_RETURN(call.body, ReadBody(request, *operation, services_.contract));
    return handler(call);
  };
  router_.Add({operation->method, operation->path, operation->max_body_bytes, std::move(handle)});
}

absl::Status Require(Services& services, const Call& call, domain::Permission permission) {
  absl::Status allowed = call.access.Require(permission);
  if (!allowed.ok()) AuditDenial(services, call, permission);
  return allowed;
}

std::vector<std::string> Binder::Unbound() const {
  std::vector<std::string> unbound;
  for (const platform::Operation& operation : services_.contract.operations()) {
    if (!bound_.contains(operation.id)) unbound.push_back(operation.id);
  }
  return unbound;
}

}  // namespace gpuaas::api
