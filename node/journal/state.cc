#include "node/journal/state.h"

#include "nlohmann/json.hpp"

namespace gpuaas::node {
namespace {

using nlohmann::json;
using Phase = SandboxEntry::Phase;

json ToJson(const std::vector<AuthorizedKey>& keys) {
  json list = json::array();
  for (const auto& key : keys) list.push_back({{"key_id", key.key_id}, {"public_key", key.public_key}});
  return list;
}

std::vector<AuthorizedKey> KeysIn(const json& list) {
  std::vector<AuthorizedKey> keys;
  for (const auto& key : list) keys.push_back({key.value("key_id", ""), key.value("public_key", "")});
  return keys;
}

json Count(Time time) { return time.time_since_epoch().count(); }

std::optional<Time> TimeIn(const json& record, const char* field) {
  if (!record.contains(field) || !record[field].is_number_integer()) return std::nullopt;
  return Time(std::chrono::microseconds(record[field].get<std::int64_t>()));
}

}  // namespace

std::string NodeState::Wanted(const SandboxEntry& entry) {
  json keys = json::object();
  for (const auto& [owner, list] : entry.keys) keys[owner] = ToJson(list);
  json record = {{"kind", "wanted"},
                 {"allocation", entry.spec.allocation_id},
                 {"slot", entry.slot},
                 {"spec", json::parse(node::ToJson(entry.spec))},
                 {"operations", entry.operations},
                 {"keys", keys}};
  return record.dump();
}

std::string NodeState::KeysSet(const std::string& allocation_id, const std::string& operation_id,
                               const std::string& owner, const std::vector<AuthorizedKey>& keys) {
  return json{{"kind", "keys"},
              {"allocation", allocation_id},
              {"operation", operation_id},
              {"owner", owner},
              {"keys", ToJson(keys)}}
      .dump();
}

std::string NodeState::Started(const std::string& allocation_id, Time at) {
  return json{{"kind", "started"}, {"allocation", allocation_id}, {"at", Count(at)}}.dump();
}

std::string NodeState::Removing(const std::string& allocation_id) {
  return json{{"kind", "removing"}, {"allocation", allocation_id}}.dump();
}

std::string NodeState::Removed(const std::string& allocation_id, std::optional<Time> ended_at) {
  json record = {{"kind", "removed"}, {"allocation", allocation_id}};
  if (ended_at) record["ended_at"] = Count(*ended_at);
  return record.dump();
}

void NodeState::Apply(std::string_view record) {
  const json value = json::parse(record, nullptr, false);
  if (!value.is_object()) return;
  const std::string kind = value.value("kind", "");
  const std::string allocation_id = value.value("allocation", "");
  if (kind == "wanted") {
    auto spec = ParseSpec(value.value("spec", json::object()).dump());
    if (!spec.ok()) return;
    SandboxEntry entry;
    entry.spec = *std::move(spec);
    entry.slot = value.value("slot", 0);
    for (const auto& operation : value.value("operations", json::array())) entry.operations.insert(operation);
    const json keys = value.value("keys", json::object());
    for (const auto& [owner, list] : keys.items()) entry.keys[owner] = KeysIn(list);
    entries_[allocation_id] = std::move(entry);
    return;
  }
  if (kind == "removed") {
    SandboxEntry entry;  // all that has to be remembered is that it is over
    entry.spec.allocation_id = allocation_id;
    entry.phase = Phase::kRemoved;
    entry.ended_at = TimeIn(value, "ended_at");
    entries_[allocation_id] = std::move(entry);
    return;
  }
  auto found = entries_.find(allocation_id);
  if (found == entries_.end()) return;
  SandboxEntry& entry = found->second;
  if (kind == "keys") {
    auto keys = KeysIn(value.value("keys", json::array()));
    const std::string owner = value.value("owner", "");
    if (keys.empty()) {
      entry.keys.erase(owner);
    } else {
      entry.keys[owner] = std::move(keys);
    }
    if (auto operation = value.value("operation", ""); !operation.empty()) entry.operations.insert(operation);
  } else if (kind == "started") {
    entry.phase = Phase::kRunning;
    entry.started_at = TimeIn(value, "at");
  } else if (kind == "removing") {
    entry.phase = Phase::kRemoving;
  }
}

std::vector<std::string> NodeState::Snapshot(std::size_t removed_kept) const {
  std::vector<std::string> records;
  std::size_t removed = 0;
  // Ids sort by age: the newest are met first.
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    const auto& [id, entry] = *it;
    if (entry.phase == Phase::kRemoved) {
      if (removed++ < removed_kept) records.push_back(Removed(id, entry.ended_at));
      continue;
    }
    records.push_back(Wanted(entry));
    if (entry.started_at) records.push_back(Started(id, *entry.started_at));
    if (entry.phase == Phase::kRemoving) records.push_back(Removing(id));
  }
  return records;
}

const SandboxEntry* NodeState::Find(const std::string& allocation_id) const {
  auto found = entries_.find(allocation_id);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace gpuaas::node
