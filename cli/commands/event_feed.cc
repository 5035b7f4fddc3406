#include "cli/commands/event_feed.h"

#include <utility>

#include "cli/core/error.h"

namespace gpuaas::cli {

EventFeed::EventFeed(const Session& session, std::string path, std::string after)
    : reader_([this, &session, path = std::move(path), after = std::move(after)](std::stop_token stop) {
        Read(stop, session, path, after);
      }) {}

void EventFeed::Read(std::stop_token stop, const Session& session, const std::string& path, std::string after) {
  std::chrono::milliseconds pause(500);
  while (!stop.stop_requested()) {
    bool ended = false;
    try {
      session.Stream(path, after, stop, [&](const ServerEvent& event) {
        const std::lock_guard lock(mutex_);
        connected_ = true;
        pause = std::chrono::milliseconds(500);
        if (!event.id.empty()) after = event.id;
        ended = event.type == "end";
        if (!ended) events_.push_back(event);
        changed_.notify_all();
        return !ended && !stop.stop_requested();
      });
    } catch (const CliError&) {  // whoever asks for the state learns the reason
    }
    std::unique_lock lock(mutex_);
    connected_ = false;
    if (ended) return;
    changed_.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min(pause * 2, std::chrono::milliseconds(8'000));
  }
}

std::optional<ServerEvent> EventFeed::Next(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [this] { return !events_.empty(); });
  if (events_.empty()) return std::nullopt;
  ServerEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

bool EventFeed::IsConnected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

}  // namespace gpuaas::cli
