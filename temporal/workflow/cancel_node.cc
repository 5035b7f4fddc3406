#include "temporal/workflow/internal/cancel_node.h"

#include <utility>

namespace temporal::internal {

std::shared_ptr<CancelNode> CancelNode::ChildOf(const std::shared_ptr<CancelNode>& parent) {
  auto child = std::make_shared<CancelNode>();
  if (parent->cancelled_) {
    child->Cancel(parent->reason_);
  } else {
    std::erase_if(parent->children_, [](const auto& other) { return other.expired(); });
    parent->children_.push_back(child);
  }
  return child;
}

void CancelNode::Cancel(std::string reason) {
  if (cancelled_) return;
  cancelled_ = true;
  reason_ = std::move(reason);
  // A callback may forget another one: take them one by one.
  while (!callbacks_.empty()) {
    const auto callback = callbacks_.extract(callbacks_.begin());
    callback.mapped()();
  }
  for (const auto& weak : std::exchange(children_, {})) {
    if (const auto child = weak.lock()) child->Cancel(reason_);
  }
}

uint64_t CancelNode::OnCancel(std::function<void()> callback) {
  callbacks_.emplace(++next_key_, std::move(callback));
  return next_key_;
}

}  // namespace temporal::internal
