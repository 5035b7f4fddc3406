#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

// Something that needs an operator: a wait past its bound, a compensation that can't succeed.
struct OpsItem {
  OpsItemId id;
  TenantId tenant;       // whose resource it is; the platform's for nodes
  std::string severity;  // "warning" | "critical"
  std::string kind;      // "release_stuck", "node_lost", ...
  std::string title;
  std::string resource_kind;
  std::string resource_id;
  std::string workflow_id;
  std::string runbook;  // relative link, "docs/runbooks/release-stuck.md"
  std::string detail;   // last cause; no secret
  int times = 1;        // how often it was raised while open
  Time opened_at;
  Time last_raised_at;
  std::optional<Time> closed_at;
};

// Opens an item; if one with the same (kind, resource) is open, counts and updates that one. `item.times`, times of
// opening and closing are set here. Gives the item's id.
absl::StatusOr<OpsItemId> RaiseOpsItem(platform::Transaction& tx, const OpsItem& item, Time now);

// Closes the open item of that kind and resource, if any; gives whether there was one.
absl::StatusOr<bool> CloseOpsItem(platform::Transaction& tx, const std::string& kind, const std::string& resource_kind,
                                  const std::string& resource_id, Time now);

// Open ones, or all, newest first.
absl::StatusOr<std::vector<OpsItem>> ListOpsItems(platform::Transaction& tx, bool with_closed, int limit);

}  // namespace gpuaas::stores
