#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/testing/replayer.h"

namespace temporal::testing {

namespace {

// Fields whose enums older tools write as "TimerStarted" instead of EVENT_TYPE_TIMER_STARTED, and the prefix to
// restore.
const std::map<std::string, std::string, std::less<>>& EnumPrefixes() {
  static const auto& prefixes = *new std::map<std::string, std::string, std::less<>>{
      {"eventType", "EVENT_TYPE_"},
      {"kind", "TASK_QUEUE_KIND_"},
      {"retryState", "RETRY_STATE_"},
      {"timeoutType", "TIMEOUT_TYPE_"},
      {"parentClosePolicy", "PARENT_CLOSE_POLICY_"},
      {"workflowIdReusePolicy", "WORKFLOW_ID_REUSE_POLICY_"},
      {"initiator", "CONTINUE_AS_NEW_INITIATOR_"},
  };
  return prefixes;
}

std::string Restored(const std::string& prefix, const std::string& camel) {
  std::string name = prefix;
  for (size_t i = 0; i < camel.size(); ++i) {
    const bool upper = camel[i] >= 'A' && camel[i] <= 'Z';
    if (upper && i > 0) name += '_';
    name += upper ? camel[i] : static_cast<char>(camel[i] >= 'a' && camel[i] <= 'z' ? camel[i] - 'a' + 'A' : camel[i]);
  }
  return name;
}

void RestoreEnums(nlohmann::json& json) {
  if (json.is_array()) {
    for (auto& each : json) RestoreEnums(each);
  } else if (json.is_object()) {
    for (auto& [key, value] : json.items()) {
      if (!value.is_string()) {
        RestoreEnums(value);
        continue;
      }
      const auto prefix = EnumPrefixes().find(key);
      const auto& text = value.get_ref<const std::string&>();
      const bool camel = prefix != EnumPrefixes().end() && text.find('_') == std::string::npos;
      if (camel) value = Restored(prefix->second, text);
    }
  }
}

}  // namespace

absl::StatusOr<api::history::v1::History> ParseHistoryJson(std::string_view text) {
  // Deeper than any history: what goes through the JSON below calls itself for each level.
  constexpr int kMaxDepth = 200;
  bool too_deep = false;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    too_deep |= depth > kMaxDepth;
    return !too_deep;
  };
  auto json = nlohmann::json::parse(text, watch, /*allow_exceptions=*/false);
  if (too_deep) return absl::InvalidArgumentError("not a history: nested too deeply");
  if (json.is_array()) json = {{"events", std::move(json)}};
  if (!json.is_object() || !json.contains("events")) return absl::InvalidArgumentError("not a history: no events");
  RestoreEnums(json);
  api::history::v1::History history;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json.dump(), &history, options);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat("not a history: ", parsed.message().ToString()));
  return history;
}

}  // namespace temporal::testing
