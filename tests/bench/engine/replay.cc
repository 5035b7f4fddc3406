#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "temporal/testing/history_builder.h"
#include "temporal/testing/replayer.h"
#include "tests/bench/engine/commands.h"
#include "tests/bench/engine/workflows.h"

// The commands about replay: histories in, histories out.
namespace temporal::bench {
namespace {

using testing::HistoryBuilder;
using Clock = std::chrono::steady_clock;

constexpr size_t kLargeSignal = 64 << 10;  // bytes

// The history of BenchReplayed. Go names a timer by the event that starts it, others by its number.
HistoryBuilder HistoryOf(const Shape& shape, bool timers_by_event, size_t signal_bytes) {
  const auto [timers, activities, at_a_time, signals] = shape;
  HistoryBuilder history(kReplayed.name, *ToPayloads(shape));
  history.Task();
  for (int i = 0; i < timers; ++i) {
    history.TimerFired(history.TimerStarted(absl::StrCat(timers_by_event ? history.last_id() + 1 : i + 1)));
    history.Task();
  }
  const Payload result = *ToPayload(std::string("Hello you"));
  for (int begun = 0; begun < activities;) {
    std::vector<int64_t> batch;
    for (const int end = std::min(begun + at_a_time, activities); begun < end; ++begun) {
      batch.push_back(history.ActivityScheduled(absl::StrCat("a", begun), kGreet.name));
    }
    for (const int64_t scheduled : batch) history.ActivityDone(scheduled, result);
    history.Task();
  }
  const Payloads text = *ToPayloads(std::string(signal_bytes, 'x'));
  for (int i = 0; i < signals; ++i) {
    history.Signaled(kWake.name, text);
    history.Task();
  }
  history.Completed();
  return history;
}

// User and system time of this process so far, in seconds.
double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int WriteHistories(const std::string& folder) {
  const std::pair<const char*, Shape> cases[] = {
      {"10_timers", {10, 0, 1, 0}},
      {"1000_activities", {0, 1000, 1, 0}},
      {"50_large_signals", {0, 0, 1, 50}},
      {"10000_events", {0, 3030, 10, 0}},
  };
  for (const bool go : {false, true}) {
    const auto target = std::filesystem::path(folder) / (go ? "go" : "cpp");
    std::filesystem::create_directories(target);
    for (const auto& [name, shape] : cases) {
      std::ofstream file(target / absl::StrCat(name, ".bin"), std::ios::binary);
      if (!HistoryOf(shape, go, kLargeSignal).history().SerializeToOstream(&file)) return 1;
    }
  }
  return 0;
}

int Replay(double seconds, const std::vector<std::string>& files) {
  const WorkflowRegistry registry = Workflows();
  testing::Replayer replayer(registry);
  for (const std::string& path : files) {
    std::ifstream file(path, std::ios::binary);
    api::history::v1::History history;
    if (!history.ParseFromIstream(&file)) return 1;
    double wall = 0;
    double cpu = 0;
    int64_t replays = 0;
    while (wall < seconds) {
      auto copy = history;
      const double cpu_before = CpuSeconds();
      const auto before = Clock::now();
      if (const absl::Status status = replayer.Replay(std::move(copy)); !status.ok()) {
        std::fprintf(stderr, "%s: %s\n", path.c_str(), status.ToString().c_str());
        return 1;
      }
      wall += std::chrono::duration<double>(Clock::now() - before).count();
      cpu += CpuSeconds() - cpu_before;
      ++replays;
    }
    std::printf(R"({"case": "%s", "events": %lld, "wall_s": %.6f, "cpu_s": %.6f})"
                "\n",
                std::filesystem::path(path).stem().c_str(), static_cast<long long>(replays) * history.events_size(),
                wall, cpu);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace temporal::bench
