#include "worker/relay.h"

#include <condition_variable>
#include <mutex>
#include <string>

#include "activities/ops/dispatcher.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace gpuaas::worker {
namespace {

constexpr int kBatch = 50;
constexpr std::chrono::milliseconds kPauseAfterFailure{2'000};

}  // namespace

Relay::Relay(activities::Dispatcher& dispatcher, std::chrono::milliseconds idle)
    : dispatcher_(dispatcher), idle_(idle), thread_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

void Relay::Run(std::stop_token stop) {
  auto& sent_total =
      platform::Metrics::Global().GetCounter("gpuaas_outbox_sent_total", "Outbox rows sent to the workflow service.");
  auto& failed_total =
      platform::Metrics::Global().GetCounter("gpuaas_outbox_failed_total", "Rounds of the outbox relay that failed.");
  std::mutex mutex;
  std::condition_variable_any never;
  bool failing = false;
  while (!stop.stop_requested()) {
    const auto sent = dispatcher_.DispatchPending(kBatch);
    if (sent.ok()) {
      sent_total.Increment(static_cast<std::uint64_t>(*sent));
    } else {
      failed_total.Increment();
      if (!failing) platform::LogWarning("outbox relay fails", {{"cause", std::string(sent.status().message())}});
    }
    failing = !sent.ok();
    if (sent.ok() && *sent > 0) continue;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, failing ? kPauseAfterFailure : idle_, [] { return false; });
  }
}

}  // namespace gpuaas::worker
