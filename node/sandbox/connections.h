#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gpuaas::node {

// The SSH connections of one sandbox. Everybody can open one, its people only can authenticate: those that may not have
// done so yet have places of their own, and when these run out, the source that holds most of them loses its oldest. So
// a stranger takes places from itself, not from the sandbox's people. No input or output.
class Connections {
 public:
  Connections(std::size_t most_strangers, std::size_t most_sessions)
      : most_strangers_(most_strangers), most_sessions_(most_sessions) {}

  void Add(pid_t pid, const std::string& source);
  void Authenticated(pid_t pid);
  void Ended(pid_t pid);

  // Who has to go if it has not authenticated by now; nothing as long as there are places.
  std::optional<pid_t> Surplus() const;
  // No other connection can be taken.
  bool full() const { return sessions_.size() >= most_sessions_; }

 private:
  const std::size_t most_strangers_;
  const std::size_t most_sessions_;
  std::vector<std::pair<pid_t, std::string>> strangers_;  // with their sources, the oldest first
  std::set<pid_t> sessions_;
};

}  // namespace gpuaas::node
