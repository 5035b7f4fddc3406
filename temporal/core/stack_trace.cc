#include "temporal/core/stack_trace.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "temporal/core/flags.h"
#include "temporal/workflow/future.h"

namespace temporal::core {

namespace {

using internal::Frame;
using internal::Scheduler;

constexpr size_t kMaxFrames = 100;

// Coroutines between the author's that only pass on.
bool IsInternal(const Frame& frame) {
  const absl::string_view file = frame.where().file_name();
  return absl::EndsWith(file, "temporal/workflow/internal/spawn.h") ||
         absl::EndsWith(file, "temporal/workflow/internal/context_impl.h") ||
         absl::EndsWith(file, "temporal/core/workflow_instance.cc");
}

// Suspended frames, the innermost first; none before the coroutine has run.
std::vector<const Frame*> FramesOf(const Scheduler::Root& root) {
  std::vector<const Frame*> frames;
  for (const Frame* frame = &root; frame != nullptr && frame->where().line() != 0; frame = frame->callee()) {
    frames.push_back(frame);
  }
  std::reverse(frames.begin(), frames.end());
  return frames;
}

std::string WaitsFor(const std::vector<const Frame*>& frames) {
  if (frames.empty()) return "ready to start";
  const internal::FutureStateBase* future = frames.front()->future();
  return future == nullptr ? "running" : absl::StrCat("blocked on ", future->Describe());
}

}  // namespace

std::string StackTrace(const Scheduler& scheduler) {
  std::string text;
  for (const Scheduler::Root* root : scheduler.Roots()) {
    std::vector<const Frame*> frames = FramesOf(*root);
    absl::StrAppend(&text, text.empty() ? "" : "\n", "coroutine ", root->number(), ": ", *root->name(), " [",
                    WaitsFor(frames), "]\n");
    std::erase_if(frames, [](const Frame* frame) { return IsInternal(*frame); });
    for (size_t i = 0; i < std::min(frames.size(), kMaxFrames); ++i) {
      absl::StrAppend(&text, frames[i]->where().function_name(), "\n    ", internal::FileAndLine(frames[i]->where()),
                      "\n");
    }
    if (frames.size() > kMaxFrames) absl::StrAppend(&text, "... ", frames.size() - kMaxFrames, " more\n");
  }
  return text;
}

api::sdk::v1::EnhancedStackTrace EnhancedStackTrace(const Scheduler& scheduler) {
  api::sdk::v1::EnhancedStackTrace trace;
  trace.mutable_sdk()->set_name(kSdkName);
  trace.mutable_sdk()->set_version(kSdkVersion);
  for (const Scheduler::Root* root : scheduler.Roots()) {
    auto& stack = *trace.add_stacks();
    for (const Frame* frame : FramesOf(*root)) {
      if (static_cast<size_t>(stack.locations_size()) == kMaxFrames) break;
      auto& location = *stack.add_locations();
      location.set_file_path(frame->where().file_name());
      location.set_line(static_cast<int32_t>(frame->where().line()));
      location.set_column(static_cast<int32_t>(frame->where().column()));
      location.set_function_name(frame->where().function_name());
      location.set_internal_code(IsInternal(*frame));
    }
  }
  return trace;
}

}  // namespace temporal::core
