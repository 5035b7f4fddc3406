#include "stores/nodes/enrolment.h"

#include <nlohmann/json.hpp>

#include "domain/status_macros.h"
#include "stores/ops/tenant_log.h"

namespace gpuaas::stores {
namespace {

#define GPUAAS_TOKEN_COLUMNS "id, region, node_name, created_by, created_at, expires_at, used_at, node_id"

EnrolmentToken FromRow(const platform::Row& row) {
  return EnrolmentToken{.id = row.IdOf<EnrolmentId>("id"),
                        .region = row.Text("region"),
                        .node_name = row.Text("node_name"),
                        .created_by = row.Text("created_by"),
                        .created_at = row.Timestamp("created_at"),
                        .expires_at = row.Timestamp("expires_at"),
                        .used_at = row.OptionalTimestamp("used_at"),
                        .node = row.IdOf<NodeId>("node_id")};
}

}  // namespace

absl::StatusOr<EnrolmentToken> CreateEnrolmentToken(platform::Transaction& tx, const NewEnrolmentToken& token) {
  // Said to who asks for the token, rather than to the machine that would use it.
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows namesakes,
                          tx.Query("SELECT id FROM nodes WHERE name = $1 AND state <> 'reclaimed'", {token.node_name}));
  if (!namesakes.empty()) {
    return MakeError(ErrorCode::kConflict, "a node of that name exists already: " + namesakes[0].Text("id"));
  }
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne(
          "INSERT INTO enrolment_tokens (id, token_hash, region, node_name, created_by, created_at, expires_at) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING " GPUAAS_TOKEN_COLUMNS,
          {token.id, token.token_hash, token.region, token.node_name, token.caller.principal, token.now,
           token.expires_at},
          "the enrolment token was not written"));
  AppendLog(tx, {.caller = {.tenant = PlatformTenant(),
                            .principal = token.caller.principal,
                            .correlation_id = token.caller.correlation_id},
                 .type = "node.enrolment_created",
                 .resource_kind = "enrolment",
                 .resource_id = token.id,
                 .data_json = nlohmann::json{{"region", token.region}, {"node_name", token.node_name}}.dump(),
                 .now = token.now});
  return FromRow(row);
}

absl::StatusOr<EnrolmentToken> RedeemEnrolmentToken(platform::Transaction& tx, const std::string& token_hash,
                                                    const NodeId& node, const std::string& public_key, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("UPDATE enrolment_tokens SET used_at = coalesce(used_at, $4), node_id = $2, public_key = "
               "coalesce(public_key, $3) WHERE token_hash = $1 AND expires_at > $4 "
               "RETURNING public_key = $3 AS ours, " GPUAAS_TOKEN_COLUMNS,
               {token_hash, node, public_key, now}));
  if (rows.empty()) return MakeError(ErrorCode::kEnrolmentTokenInvalid, "the enrolment token is unknown or expired");
  if (!rows[0].Bool("ours")) {
    return MakeError(ErrorCode::kEnrolmentTokenUsed, "the enrolment token was used; ask for another one");
  }
  return FromRow(rows[0]);
}

}  // namespace gpuaas::stores
