#include "node/sandbox/connections.h"

#include <map>

namespace gpuaas::node {

void Connections::Add(pid_t pid, const std::string& source) { strangers_.emplace_back(pid, source); }

void Connections::Authenticated(pid_t pid) {
  Ended(pid);
  sessions_.insert(pid);
}

void Connections::Ended(pid_t pid) {
  sessions_.erase(pid);
  std::erase_if(strangers_, [&](const auto& stranger) { return stranger.first == pid; });
}

std::optional<pid_t> Connections::Surplus() const {
  if (strangers_.size() <= most_strangers_) return std::nullopt;
  std::map<std::string_view, std::size_t> places;
  for (const auto& [pid, source] : strangers_) ++places[source];
  const std::pair<pid_t, std::string>* first = &strangers_.front();
  for (const auto& stranger : strangers_) {
    if (places[stranger.second] > places[first->second]) first = &stranger;
  }
  return first->first;
}

}  // namespace gpuaas::node
