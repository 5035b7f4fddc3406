#include "cli/core/sse.h"

#include <utility>

namespace gpuaas::cli {

void EventStreamParser::Feed(std::string_view piece, const std::function<void(const ServerEvent&)>& on_event) {
  rest_ += piece;
  std::size_t begin = 0;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    std::string_view line(rest_.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    Line(line, on_event);
    begin = end + 1;
  }
  rest_.erase(0, begin);
}

void EventStreamParser::Line(std::string_view line, const std::function<void(const ServerEvent&)>& on_event) {
  if (line.empty()) {
    if (has_data_) {
      if (event_.type.empty()) event_.type = "message";
      on_event(event_);
    }
    event_.type.clear();  // the id stays, as the standard has it
    event_.data.clear();
    has_data_ = false;
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.type = value;
  } else if (field == "id") {
    event_.id = value;
  }
}

}  // namespace gpuaas::cli
