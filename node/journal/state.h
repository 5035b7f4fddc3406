#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "domain/time.h"
#include "nlohmann/json_fwd.hpp"
#include "node/sandbox/spec.h"

namespace gpuaas::node {

struct AuthorizedKey {
  std::string key_id;
  std::string public_key;

  friend bool operator==(const AuthorizedKey&, const AuthorizedKey&) = default;
};

// What the agent has taken upon itself for one allocation.
//   wanted --started--> running --removing--> removing --removed--> removed
//   wanted --removing--> removing
struct SandboxEntry {
  enum class Phase { kWanted, kRunning, kRemoving, kRemoved };

  SandboxSpec spec;
  int slot = 0;  // picks uid, address and interface name; free again once removed
  Phase phase = Phase::kWanted;
  std::map<std::string, std::vector<AuthorizedKey>> keys;  // by owner
  std::set<std::string> operations;                        // already applied; a repeat changes nothing
  std::optional<Time> started_at;
  std::optional<Time> ended_at;  // the last moment at which it was seen running
};

// The agent's memory: the fold of its journal, a record at a time and without input or output.
class NodeState {
 public:
  // Records, as the journal holds them.
  static std::string Wanted(const SandboxEntry& entry);
  static std::string KeysSet(const std::string& allocation_id, const std::string& operation_id,
                             const std::string& owner, const std::vector<AuthorizedKey>& keys);
  static std::string Started(const std::string& allocation_id, Time at);
  static std::string Removing(const std::string& allocation_id);
  static std::string Removed(const std::string& allocation_id, std::optional<Time> ended_at);

  // Records of an unknown kind or for an unknown allocation are ignored: an older agent may have to read them.
  void Apply(std::string_view record);
  // Records from which the same state comes about; the oldest removed allocations beyond `removed_kept` are forgotten.
  std::vector<std::string> Snapshot(std::size_t removed_kept) const;

  const std::map<std::string, SandboxEntry>& entries() const { return entries_; }
  const SandboxEntry* Find(const std::string& allocation_id) const;

 private:
  std::map<std::string, SandboxEntry> entries_;
};

}  // namespace gpuaas::node
