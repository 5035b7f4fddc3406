#include "api/iam/ssh_keys.h"

#include "api/common/mutation.h"
#include "api/iam/public_key.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "stores/iam/ssh_keys.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

Json KeyJson(const stores::SshKey& key) {
  return {{"id", key.id.str()},
          {"name", key.name},
          {"fingerprint", key.fingerprint},
          {"public_key", key.public_key},
          {"created_at", JsonOf(key.created_at)}};
}

platform::Scope OwnRows(const Call& call) { return platform::TenantScope{call.access.principal.tenant}; }

stores::Caller OwnCaller(const Call& call) {
  return call.access.CallerFor(call.access.principal.tenant, ProjectId(), call.correlation_id());
}

// A key in the path that is not the caller's is a resource that is not there.
absl::StatusOr<stores::SshKey> FindOwn(platform::Transaction& tx, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(SshKeyId id, IdFromPath<SshKeyId>(call, "key_id"));
  absl::StatusOr<stores::SshKey> key = stores::GetSshKey(tx, call.access.principal.user, id);
  if (!key.ok() && ErrorCodeOf(key.status()) == ErrorCode::kUnknownSshKey) {
    return MakeError(ErrorCode::kNotFound, "no such SSH key");
  }
  return key;
}

stores::Answer AnswerOf(int status, const stores::SshKey& key) {
  return stores::Answer{.http_status = status, .body_json = KeyJson(key).dump()};
}

}  // namespace

absl::StatusOr<platform::Response> CreateSshKey(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(PublicKey parsed, ParsePublicKey(call.body["public_key"].get<std::string>()));
  const stores::Caller caller = OwnCaller(call);
  return RunMutation(services, call, OwnRows(call), caller, "/api/v1/ssh-keys/",
                     [&](platform::Transaction& tx) -> absl::StatusOr<stores::Answer> {
                       const stores::SshKey key{.id = SshKeyId::New(call.now),
                                                .tenant = caller.tenant,
                                                .user = call.access.principal.user,
                                                .name = call.body["name"].get<std::string>(),
                                                .public_key = parsed.line,
                                                .fingerprint = parsed.fingerprint,
                                                .created_at = call.now};
                       GPUAAS_ASSIGN_OR_RETURN(stores::SshKey created, stores::CreateSshKey(tx, key, caller));
                       return AnswerOf(201, created);
                     });
}

absl::StatusOr<platform::Response> ListSshKeys(Services& services, const Call& call) {
  using Keys = std::vector<stores::SshKey>;
  GPUAAS_ASSIGN_OR_RETURN(Keys keys, services.database.TransactFor<Keys>(OwnRows(call), [&](platform::Transaction& tx) {
    return stores::ListSshKeys(tx, call.access.principal.user);
  }));
  Json items = Json::array();
  for (const stores::SshKey& key : keys) items.push_back(KeyJson(key));
  return Page(std::move(items), "");
}

absl::StatusOr<platform::Response> GetSshKey(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(stores::SshKey key,
                          services.database.TransactFor<stores::SshKey>(
                              OwnRows(call), [&](platform::Transaction& tx) { return FindOwn(tx, call); }));
  return JsonResponse(200, KeyJson(key));
}

absl::StatusOr<platform::Response> DeleteSshKey(Services& services, const Call& call) {
  const stores::Caller caller = OwnCaller(call);
  return RunMutation(
      services, call, OwnRows(call), caller, "", [&](platform::Transaction& tx) -> absl::StatusOr<stores::Answer> {
        GPUAAS_ASSIGN_OR_RETURN(stores::SshKey key, FindOwn(tx, call));
        GPUAAS_RETURN_IF_ERROR(stores::DeleteSshKey(tx, call.access.principal.user, key.id, caller, call.now));
        return AnswerOf(200, key);
      });
}

}  // namespace gpuaas::api
