#pragma once

#include <cpprest/producerconsumerstream.h>

#include <condition_variable>
#include <memory>
#include <mutex>

#include "platform/http/message.h"

// Private to this folder: the only writer of cpprest's stream buffers.
namespace gpuaas::platform {

using StreamBuffer = concurrency::streams::producer_consumer_buffer<std::uint8_t>;

// Server-sent events into a buffer that cpprest reads from. A listener that takes nothing for kMaxPending bytes is
// dropped.
class BufferedEventStream final : public EventStream {
 public:
  static constexpr std::size_t kMaxPending = 1 << 20;

  bool Send(std::string_view id, std::string_view event, std::string_view data) override;
  bool Comment(std::string_view text) override;
  bool Wait(std::chrono::milliseconds duration) override;

  // The listener has gone or the server stops. Any thread.
  void Close();
  // Ends the body that the listener sees; by the writing thread, last.
  void Finish();
  StreamBuffer& buffer() { return buffer_; }

 private:
  bool Write(const std::string& text);

  StreamBuffer buffer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
};

}  // namespace gpuaas::platform
