#include "temporal/activity/registry.h"

#include <cstdio>
#include <cstdlib>

namespace temporal {

void ActivityRegistry::AddUntyped(std::string_view name, Function function) {
  if (name.empty() || !functions_.emplace(std::string(name), std::move(function)).second) {
    std::fprintf(stderr, "activity '%.*s' is registered twice\n", static_cast<int>(name.size()), name.data());
    std::abort();
  }
}

const ActivityRegistry::Function* ActivityRegistry::Find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

std::vector<std::string> ActivityRegistry::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, function] : functions_) names.push_back(name);
  return names;
}

}  // namespace temporal
