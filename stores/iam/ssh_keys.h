#pragma once

#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"
#include "stores/ops/caller.h"

namespace gpuaas::stores {

// A user's public key. Others' keys are as good as absent.
struct SshKey {
  SshKeyId id;
  TenantId tenant;
  UserId user;
  std::string name;
  std::string public_key;   // one line, type and base64, no comment
  std::string fingerprint;  // "SHA256:..."
  Time created_at;
};

// Logs `ssh_key.created`. kConflict if the user has one of that name or fingerprint.
absl::StatusOr<SshKey> CreateSshKey(platform::Transaction& tx, const SshKey& key, const Caller& caller);

// By name.
absl::StatusOr<std::vector<SshKey>> ListSshKeys(platform::Transaction& tx, const UserId& user);

// kUnknownSshKey unless the user has it.
absl::StatusOr<SshKey> GetSshKey(platform::Transaction& tx, const UserId& user, const SshKeyId& id);

// As GetSshKey, and nobody deletes it before the transaction ends: for an order that names it.
absl::StatusOr<SshKey> HoldSshKey(platform::Transaction& tx, const UserId& user, const SshKeyId& id);

// Keys by their ids for a sandbox, in that order; kUnknownSshKey naming the first that is gone.
absl::StatusOr<std::vector<SshKey>> GetSshKeys(platform::Transaction& tx, const std::vector<std::string>& ids);

// Logs `ssh_key.deleted`. kUnknownSshKey; kConflict with details {allocation_id} while one that is not provisioned yet
// names it. Active allocations keep what they were given.
absl::Status DeleteSshKey(platform::Transaction& tx, const UserId& user, const SshKeyId& id, const Caller& caller,
                          Time now);

}  // namespace gpuaas::stores
