#include "stores/iam/ssh_keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "domain/status_macros.h"
#include "stores/ops/tenant_log.h"

namespace gpuaas::stores {
namespace {

#define GPUAAS_SSH_KEY_COLUMNS "id, tenant_id, user_id, name, public_key, fingerprint, created_at"

SshKey FromRow(const platform::Row& row) {
  return SshKey{.id = row.IdOf<SshKeyId>("id"),
                .tenant = row.IdOf<TenantId>("tenant_id"),
                .user = row.IdOf<UserId>("user_id"),
                .name = row.Text("name"),
                .public_key = row.Text("public_key"),
                .fingerprint = row.Text("fingerprint"),
                .created_at = row.Timestamp("created_at")};
}

void LogKey(platform::Transaction& tx, const char* type, const SshKey& key, const Caller& caller, Time now) {
  AppendLog(tx, {.caller = caller,
                 .type = type,
                 .resource_kind = "ssh_key",
                 .resource_id = key.id,
                 .data_json = nlohmann::json{{"name", key.name}, {"fingerprint", key.fingerprint}}.dump(),
                 .now = now});
}

absl::Status Unknown(const std::string& id) {
  return MakeError(ErrorCode::kUnknownSshKey, "no such SSH key", nlohmann::json{{"ssh_key_id", id}}.dump());
}

absl::StatusOr<SshKey> Find(platform::Transaction& tx, const UserId& user, const SshKeyId& id,
                            const std::string& lock) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT " GPUAAS_SSH_KEY_COLUMNS " FROM ssh_keys WHERE user_id = $1 AND id = $2" + lock, {user, id}));
  if (rows.empty()) return Unknown(id);
  return FromRow(rows[0]);
}

}  // namespace

absl::StatusOr<SshKey> CreateSshKey(platform::Transaction& tx, const SshKey& key, const Caller& caller) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("INSERT INTO ssh_keys (" GPUAAS_SSH_KEY_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7) "
               "ON CONFLICT DO NOTHING RETURNING " GPUAAS_SSH_KEY_COLUMNS,
               {key.id, key.tenant, key.user, key.name, key.public_key, key.fingerprint, key.created_at}));
  if (rows.empty()) {
    return MakeError(ErrorCode::kConflict, "you have an SSH key with that name or fingerprint already");
  }
  LogKey(tx, "ssh_key.created", key, caller, key.created_at);
  return FromRow(rows[0]);
}

absl::StatusOr<std::vector<SshKey>> ListSshKeys(platform::Transaction& tx, const UserId& user) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT " GPUAAS_SSH_KEY_COLUMNS " FROM ssh_keys WHERE user_id = $1 ORDER BY name", {user}));
  std::vector<SshKey> keys;
  for (const platform::Row& row : rows) keys.push_back(FromRow(row));
  return keys;
}

absl::StatusOr<SshKey> GetSshKey(platform::Transaction& tx, const UserId& user, const SshKeyId& id) {
  return Find(tx, user, id, "");
}

absl::StatusOr<SshKey> HoldSshKey(platform::Transaction& tx, const UserId& user, const SshKeyId& id) {
  return Find(tx, user, id, " FOR KEY SHARE");
}

absl::StatusOr<std::vector<SshKey>> GetSshKeys(platform::Transaction& tx, const std::vector<std::string>& ids) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT " GPUAAS_SSH_KEY_COLUMNS " FROM ssh_keys WHERE id = ANY ($1::text[])", {ids}));
  std::vector<SshKey> found;
  for (const platform::Row& row : rows) found.push_back(FromRow(row));
  std::vector<SshKey> ordered;
  for (const std::string& id : ids) {
    const auto key = std::ranges::find(found, id, [](const SshKey& each) -> const std::string& { return each.id; });
    if (key == found.end()) return Unknown(id);
    ordered.push_back(*key);
  }
  return ordered;
}

absl::Status DeleteSshKey(platform::Transaction& tx, const UserId& user, const SshKeyId& id, const Caller& caller,
                          Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const SshKey key, Find(tx, user, id, " FOR UPDATE"));
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows orders,
                          tx.Query("SELECT id FROM allocations WHERE $1 = ANY (ssh_key_ids) AND state IN ('requested', "
                                   "'queued', 'provisioning') ORDER BY id LIMIT 1",
                                   {id}));
  if (!orders.empty()) {
    return MakeError(ErrorCode::kConflict, "an allocation that is not provisioned yet names this key",
                     nlohmann::json{{"allocation_id", orders[0].Text("id")}}.dump());
  }
  GPUAAS_RETURN_IF_ERROR(tx.Query("DELETE FROM ssh_keys WHERE user_id = $1 AND id = $2", {user, id}).status());
  LogKey(tx, "ssh_key.deleted", key, caller, now);
  return absl::OkStatus();
}

}  // namespace gpuaas::stores
