#include "workflows/common/saga.h"

#include <optional>
#include <utility>

#include "temporal/workflow/errors.h"

namespace gpuaas::workflows {

temporal::Task<void> Saga::Unwind(std::function<temporal::Task<void>(std::string cause)> on_failure) {
  while (!undos_.empty()) {
    std::optional<std::string> failure;
    try {
      co_await undos_.back()();
    } catch (const temporal::ActivityError& error) {
      failure = std::string(error.status().message());
    }
    if (failure) {
      co_await on_failure(*failure);
    } else {
      undos_.pop_back();
    }
  }
}

}  // namespace gpuaas::workflows
