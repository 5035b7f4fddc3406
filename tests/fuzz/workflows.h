#pragma once

#include <chrono>
#include <string>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/testing/replayer.h"
#include "temporal/workflow/context.h"
#include "temporal/workflow/registry.h"
#include "temporal/workflow/select.h"

// Workflows that use everything a history can tell of, for histories that tell anything.
namespace temporal::fuzz {

using namespace std::chrono_literals;

inline constexpr ActivityRef<std::string, std::string> kActivity{"activity"};
inline constexpr WorkflowRef<std::string, std::string> kChild{"child"};
inline constexpr SignalRef<std::string> kSignal{"signal"};
inline constexpr UpdateRef<std::string, std::string> kUpdate{"update"};

inline constexpr WorkflowRef<Payload, std::string> kSteps{"steps"};
inline constexpr WorkflowRef<Payload, std::string> kRace{"race"};
inline constexpr WorkflowRef<Payload, std::string> kMessages{"messages"};

// One step after the other.
struct Steps {
  explicit Steps(Context c) : context(c) {}
  Task<std::string> Run(Payload) {
    std::string result;
    if (context.Patched("patch")) result += co_await context.Execute(kActivity, result, ActivityOptions(10s));
    co_await context.Sleep(1s);
    context.UpsertMemo("key", result);
    const LocalActivityOptions local(10s);
    result += co_await context.ExecuteLocal(kActivity, result, local);
    const ChildOptions child("child");
    result += co_await context.ExecuteChild(kChild, result, child);
    co_return result;
  }
  Context context;
};

// Everything at once; the first to end decides.
struct Race {
  explicit Race(Context c) : context(c), signals(c, kSignal) {}
  Task<std::string> Run(Payload) {
    const ActivityOptions options(10s);
    auto first =
        co_await AnyOf(context.Execute(kActivity, std::string("a"), options),
                       context.Execute(kActivity, std::string("b"), options), signals.Received(), context.Sleep(1min));
    if (first.index() == 3) context.ContinueAsNew(Payload());
    co_return "ended";
  }
  Context context;
  SignalChannel<std::string> signals;
};

// Signals and updates until they are enough.
struct Messages {
  explicit Messages(Context c) : context(c), signals(c, kSignal) {}
  Task<std::string> Run(Payload) {
    for (int i = 0; i < 3; ++i) text += co_await signals.Received();
    co_await context.UntilFor([this] { return !updated.empty(); }, 10s);
    co_return text + updated;
  }
  void Check(const std::string& value) const {
    if (value.empty()) throw ApplicationFailure("nothing", "INVALID_ARGUMENT");
  }
  Task<std::string> Update(std::string value) {
    updated += co_await context.Execute(kActivity, value, ActivityOptions(10s));
    co_return updated;
  }
  Context context;
  SignalChannel<std::string> signals;
  std::string text, updated;
};

inline const WorkflowRegistry& Workflows() {
  static const WorkflowRegistry& registry = *[] {
    auto* all = new WorkflowRegistry();
    all->Add<Steps>(kSteps);
    all->Add<Race>(kRace);
    all->Add<Messages>(kMessages).Update(kUpdate, &Messages::Update, &Messages::Check);
    return all;
  }();
  return registry;
}

// As one of the workflows above, whatever type the history names.
inline void ReplayAs(api::history::v1::History history) {
  if (history.events().empty()) return;
  const char* const types[] = {"steps", "race", "messages"};
  auto& first = *history.mutable_events(0);
  if (first.has_workflow_execution_started_event_attributes()) {
    auto& started = *first.mutable_workflow_execution_started_event_attributes();
    if (Workflows().Find(started.workflow_type().name()) == nullptr) {
      started.mutable_workflow_type()->set_name(types[history.events_size() % 3]);
    }
  }
  testing::Replayer(Workflows()).Replay(std::move(history)).IgnoreError();
}

}  // namespace temporal::fuzz
