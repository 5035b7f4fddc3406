#include "platform/http/event_stream.h"

namespace gpuaas::platform {
namespace {

// No field of a message may hold a line break.
std::string OneLine(std::string_view text) {
  std::string line(text);
  std::erase_if(line, [](char c) { return c == '\n' || c == '\r' || c == '\0'; });
  return line;
}

}  // namespace

bool BufferedEventStream::Send(std::string_view id, std::string_view event, std::string_view data) {
  std::string text;
  if (!id.empty()) text += "id: " + OneLine(id) + "\n";
  if (!event.empty()) text += "event: " + OneLine(event) + "\n";
  for (std::size_t begin = 0; begin <= data.size();) {
    std::size_t end = std::min(data.find('\n', begin), data.size());
    text += "data: " + OneLine(data.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return Write(text + "\n");
}

bool BufferedEventStream::Comment(std::string_view text) { return Write(": " + OneLine(text) + "\n\n"); }

bool BufferedEventStream::Wait(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [this] { return closed_; });
}

void BufferedEventStream::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

bool BufferedEventStream::Write(const std::string& text) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
  }
  try {
    if (buffer_.in_avail() + text.size() > kMaxPending) {
      Close();
      return false;
    }
    buffer_.putn_nocopy(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()).wait();
    buffer_.sync().wait();  // without it the reader waits for a full chunk
    return true;
  } catch (const std::exception&) {
    Close();
    return false;
  }
}

void BufferedEventStream::Finish() {
  try {
    buffer_.close(std::ios_base::out).wait();
  } catch (const std::exception&) {
    // The reader has closed it already.
  }
}

}  // namespace gpuaas::platform
