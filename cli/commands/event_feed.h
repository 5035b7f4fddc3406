#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cli/core/session.h"

namespace gpuaas::cli {

// Reads an event stream in a thread of its own, reconnecting after the last event. Thread-safe.
class EventFeed {
 public:
  // The session must outlive the feed.
  EventFeed(const Session& session, std::string path, std::string after);

  // The next event, or nothing when none came within `wait`.
  std::optional<ServerEvent> Next(std::chrono::milliseconds wait);

  // Whether the stream is (still) open; without it the state has to be asked for.
  bool IsConnected() const;

 private:
  void Read(std::stop_token stop, const Session& session, const std::string& path, std::string after);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<ServerEvent> events_;
  bool connected_ = false;
  std::jthread reader_;  // last: joined before the rest goes
};

}  // namespace gpuaas::cli
