#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace gpuaas::cli {

struct ServerEvent {
  std::string id;
  std::string type;  // "message" unless the stream names another
  std::string data;
};

// Cuts a text/event-stream into events; pieces may end anywhere.
class EventStreamParser {
 public:
  // Calls `on_event` for each event that `piece` completes. Comments and `retry` are dropped.
  void Feed(std::string_view piece, const std::function<void(const ServerEvent&)>& on_event);

 private:
  void Line(std::string_view line, const std::function<void(const ServerEvent&)>& on_event);
  std::string rest_;
  ServerEvent event_;
  bool has_data_ = false;
};

}  // namespace gpuaas::cli
