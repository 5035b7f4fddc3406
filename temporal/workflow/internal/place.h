#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <source_location>
#include <string>

namespace temporal::internal {

// A few words for people: of a step ("activity order.Place, id 3") or of a coroutine ("update 'move', id 17"). May be
// null.
using Label = std::shared_ptr<const std::string>;

Label MakeLabel(std::string text);

// "order.cc:42", with the path as the compiler was given it.
std::string FileAndLine(const std::source_location& where);

// "1.5s"
std::string InWords(std::chrono::nanoseconds duration);

// What the code of a run is doing, for whoever watches its thread from another one. Thread-safe.
class Place {
 public:
  // `who` runs from its beginning.
  void Begin(Label who) { Set(std::move(who), nullptr, {}); }
  // `who` goes on behind the co_await at `after`, of the step `step` (null: of another coroutine).
  void Continue(Label who, Label step, const std::source_location& after) {
    Set(std::move(who), std::move(step), after);
  }

  // "in Run, after the co_await of activity order.Place, id 3, at order.cc:42 in Task<Result> Order::Run(Request)"
  std::string ToString() const;

 private:
  void Set(Label who, Label step, const std::source_location& after);

  mutable std::mutex mutex_;
  Label who_;
  Label step_;
  std::source_location after_;
};

}  // namespace temporal::internal
