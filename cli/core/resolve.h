#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/core/session.h"

namespace gpuaas::cli {

// A kind of resource that people name by id, by the leading part of one, or by name.
struct ResourceKind {
  std::string_view noun;    // "allocation"
  std::string_view prefix;  // "alloc"
  std::string_view path;    // "/api/v1/allocations": its list
  bool paged = true;        // the list takes limit, cursor and id_prefix; else it is all on one page
};

inline constexpr ResourceKind kAllocation{"allocation", "alloc", "/api/v1/allocations"};
inline constexpr ResourceKind kNode{"node", "node", "/api/v1/nodes"};
inline constexpr ResourceKind kSshKey{"ssh key", "key", "/api/v1/ssh-keys", false};

// The id that `typed` means. A whole id is taken as it is, without asking the server. Of several that match, the only
// one that is `meant` wins, if that is given. Throws CliError: kNotFound with the nearest names, or a usage error that
// lists the matches of an ambiguous one.
std::string ResolveId(const Session& session, const ResourceKind& kind, std::string_view typed,
                      const std::function<bool(const Json&)>& meant = {});

// "/api/v1/allocations/<id>" and "/api/v1/allocations/<id>/<action>".
std::string PathOf(const ResourceKind& kind, std::string_view id, std::string_view action = {});

}  // namespace gpuaas::cli
