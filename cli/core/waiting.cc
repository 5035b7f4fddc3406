#include "cli/core/waiting.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "cli/render/text.h"

namespace gpuaas::cli {

Session::Send WithWaitingLine(Session::Send send, std::ostream& terminal) {
  return [send = std::move(send), &terminal](const platform::HttpRequest& request) {
    if (request.on_data) return send(request);
    const auto url = platform::ParseUrl(request.url);
    const std::string line = "waiting for " + (url ? url->host : std::string("the service")) + " ...";
    std::mutex mutex;
    std::condition_variable_any done;
    const std::jthread waiting([&](std::stop_token stop) {
      std::unique_lock lock(mutex);
      if (done.wait_for(lock, stop, std::chrono::milliseconds(100), [&] { return stop.stop_requested(); })) return;
      if (stop.stop_requested()) return;
      terminal << '\r' << Printable(line) << std::flush;
      done.wait(lock, stop, [] { return false; });
      terminal << "\r\x1b[2K" << std::flush;
    });
    return send(request);
  };
}

}  // namespace gpuaas::cli
