#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace temporal::internal {

// A node in the tree of cancellation scopes. Single-threaded, like the run it belongs to.
class CancelNode {
 public:
  static std::shared_ptr<CancelNode> Root() { return std::make_shared<CancelNode>(); }
  static std::shared_ptr<CancelNode> ChildOf(const std::shared_ptr<CancelNode>& parent);

  bool cancelled() const { return cancelled_; }
  const std::string& reason() const { return reason_; }

  // Runs the callbacks in the order of registration, then cancels the children, oldest first. A second call is ignored.
  void Cancel(std::string reason);

  // `callback` runs at most once; not at all if the node is cancelled already: ask before. The key is for Forget.
  uint64_t OnCancel(std::function<void()> callback);
  void Forget(uint64_t key) { callbacks_.erase(key); }

 private:
  bool cancelled_ = false;
  std::string reason_;
  uint64_t next_key_ = 0;
  std::map<uint64_t, std::function<void()>> callbacks_;
  std::vector<std::weak_ptr<CancelNode>> children_;
};

using Scope = std::shared_ptr<CancelNode>;

}  // namespace temporal::internal
