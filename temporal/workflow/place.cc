#include "temporal/workflow/internal/place.h"

#include <cstdio>
#include <utility>

namespace temporal::internal {

Label MakeLabel(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

std::string FileAndLine(const std::source_location& where) {
  return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

std::string InWords(std::chrono::nanoseconds duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%gs", std::chrono::duration<double>(duration).count());
  return text;
}

void Place::Set(Label who, Label step, const std::source_location& after) {
  const std::lock_guard lock(mutex_);
  who_.swap(who);  // the old ones go behind the lock
  step_.swap(step);
  after_ = after;
}

std::string Place::ToString() const {
  const std::lock_guard lock(mutex_);
  std::string text = "in " + (who_ == nullptr ? "the workflow's constructor" : *who_);
  if (after_.line() == 0) return text + ", before its first co_await";
  text += ", after the co_await";
  if (step_ != nullptr) text += " of " + *step_ + ",";
  return text + " at " + FileAndLine(after_) + " in " + after_.function_name();
}

}  // namespace temporal::internal
