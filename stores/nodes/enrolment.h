#pragma once

#include <optional>
#include <string>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"
#include "stores/ops/caller.h"

namespace gpuaas::stores {

// A one-time token with which a machine becomes a node. The database has only its keyed hash.
struct EnrolmentToken {
  EnrolmentId id;
  std::string region;
  std::string node_name;  // empty: the node is named by its id
  std::string created_by;
  Time created_at;
  Time expires_at;
  std::optional<Time> used_at;
  NodeId node;  // who used it
};

struct NewEnrolmentToken {
  EnrolmentId id;
  Caller caller;
  std::string token_hash;  // hex HMAC-SHA-256 of the token
  std::string region;
  std::string node_name;
  Time now;
  Time expires_at;
};

// Logs `node.enrolment_created`. kConflict (hash or id exists, or a node that is not reclaimed has the name). System
// scope, as everything here.
absl::StatusOr<EnrolmentToken> CreateEnrolmentToken(platform::Transaction& tx, const NewEnrolmentToken& token);

// Uses a token up for `node` and its public key. A repeat with the same key (its answer was lost) succeeds until the
// token expires. kEnrolmentTokenInvalid: unknown or expired; kEnrolmentTokenUsed: by another key.
absl::StatusOr<EnrolmentToken> RedeemEnrolmentToken(platform::Transaction& tx, const std::string& token_hash,
                                                    const NodeId& node, const std::string& public_key, Time now);

}  // namespace gpuaas::stores
