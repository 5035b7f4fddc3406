#include "cli/commands/workflow_history.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace gpuaas::cli {
namespace {

// "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED" as "activity-task-scheduled".
std::string EventName(const Json& event) {
  constexpr std::string_view kPrefix = "EVENT_TYPE_";
  std::string name = TextAt(event, "eventType");
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
  return name;
}

// What tells one event of a type from another.
std::string EventDetail(const Json& event) {
  constexpr std::array<std::string_view, 9> kTelling = {"activityType.name", "workflowType.name", "signalName",
                                                        "timerId",           "workflowId",        "scheduledEventId",
                                                        "startedEventId",    "failure.message",   "cause"};
  std::string text;
  for (const auto& [name, attributes] : event.items()) {
    if (!name.ends_with("EventAttributes")) continue;
    for (const std::string_view path : kTelling) {
      const std::string value = TextAt(attributes, path);
      if (value.empty()) continue;
      const bool is_reference = path.ends_with("EventId");
      text += (text.empty() ? "" : "  ") + (is_reference ? "of " + value : value);
      if (is_reference) break;
    }
  }
  return text;
}

const Columns& EventColumns() {
  static const Columns kColumns = {
      {"id", "eventId"},
      {"time", "eventTime", Column::Kind::kTime},
      {.name = "event", .path = "", .kind = Column::Kind::kText, .wide = false, .value = EventName},
      {.name = "detail", .path = "", .kind = Column::Kind::kText, .wide = false, .value = EventDetail}};
  return kColumns;
}

}  // namespace

void AddHistoryFlags(CLI::App& command, HistoryFlags& flags) {
  command.add_flag("--events", flags.events,
                   "The raw events of the workflow service, which replayers read; operators only");
}

ExitCode ShowHistory(Invocation& run, const std::string& path, const HistoryFlags& flags,
                     const std::function<std::string(const Json&)>& picture) {
  const Json history = run.session().Get(path, flags.events ? Query{{"events", "true"}} : Query{});
  Output& output = run.output();
  if (!flags.events) {
    output.ObjectOr(history, output.IsTable() ? picture(history) : std::string());
  } else if (output.IsTable()) {
    return ShowItems(run, At(history, "events"), {}, EventColumns(), "events: the workflow service keeps none");
  } else {
    output.Object({{"events", At(history, "events")}}, {});
  }
  return ExitCode::kDone;
}

}  // namespace gpuaas::cli
