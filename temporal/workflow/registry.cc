#include "temporal/workflow/registry.h"

#include <cstdio>
#include <cstdlib>

namespace temporal {

void WorkflowRegistry::AddFactory(std::string_view type, internal::WorkflowFactory factory,
                                  VersioningBehavior behavior) {
  if (!factories_.emplace(std::string(type), std::move(factory)).second) {
    std::fprintf(stderr, "workflow type registered twice: %s\n", std::string(type).c_str());
    std::abort();
  }
  if (behavior != VersioningBehavior::kUnspecified) behaviors_.emplace(std::string(type), behavior);
}

const internal::WorkflowFactory* WorkflowRegistry::Find(std::string_view type) const {
  const auto found = factories_.find(type);
  return found == factories_.end() ? nullptr : &found->second;
}

VersioningBehavior WorkflowRegistry::Behavior(std::string_view type) const {
  const auto found = behaviors_.find(type);
  return found == behaviors_.end() ? VersioningBehavior::kUnspecified : found->second;
}

std::vector<std::string> WorkflowRegistry::Types() const {
  std::vector<std::string> types;
  for (const auto& [type, factory] : factories_) types.push_back(type);
  return types;
}

}  // namespace temporal
