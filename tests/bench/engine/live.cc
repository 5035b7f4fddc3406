#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "temporal/client/client.h"
#include "temporal/common/proto.h"
#include "temporal/transport/grpc_transport.h"
#include "temporal/worker/worker.h"
#include "tests/bench/engine/commands.h"
#include "tests/bench/engine/workflows.h"

// The commands that need a server.
namespace temporal::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::shared_ptr<Client> Connected(const std::string& address) {
  auto transport = Connect(ConnectOptions(address));
  return transport.ok() ? std::make_shared<Client>(*transport) : nullptr;
}

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

// Calls `one(i)` for each i < count, on so many threads; how many succeeded.
template <class F>
int Spread(int count, int concurrency, F one) {
  std::atomic<int> next = 0;
  std::atomic<int> succeeded = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < concurrency; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) succeeded += one(i) ? 1 : 0;
    });
  }
  threads.clear();
  return succeeded;
}

}  // namespace

int RunWorker(const std::string& address, const std::string& queue) {
  WorkerOptions options(queue);
  options.sticky_cache_size = 10'000;
  auto worker = Worker::Create(Connected(address), Workflows(), Activities(), options);
  if (!worker.ok() || !(*worker)->Start().ok()) return 1;
  std::puts("ready");
  std::fflush(stdout);
  while (std::cin.get() != std::char_traits<char>::eof()) continue;
  return 0;
}

int RunLoad(const std::string& address, const std::string& queue, int count, int concurrency) {
  const auto client = Connected(address);
  const std::string name = "bench/" + NewUuid();
  std::vector<double> seconds(static_cast<size_t>(count));
  const auto begun = Clock::now();
  const int succeeded = Spread(count, concurrency, [&](int i) {
    const std::string id = absl::StrCat(name, "/", i);
    const auto started = Clock::now();
    if (!client->Start(kGreeting, std::string("you"), StartOptions(id, queue)).ok()) return false;
    const bool done = client->GetResult(kGreeting, id, 60s).ok();
    seconds[static_cast<size_t>(i)] = Seconds(Clock::now() - started);
    return done;
  });
  const double all = Seconds(Clock::now() - begun);
  std::sort(seconds.begin(), seconds.end());
  std::printf(R"({"completed": %d, "seconds": %.6f, "p50_s": %.6f, "p90_s": %.6f})"
              "\n",
              succeeded, all, seconds[seconds.size() / 2], seconds[seconds.size() * 9 / 10]);
  return succeeded == count ? 0 : 1;
}

int StartIdle(const std::string& address, const std::string& queue, int count, int concurrency) {
  const auto client = Connected(address);
  const std::string name = "idle/" + NewUuid();
  const int waiting = Spread(count, concurrency, [&](int i) {
    const std::string id = absl::StrCat(name, "/", i);
    if (!client->Start(kIdle, std::string("you"), StartOptions(id, queue)).ok()) return false;
    for (const auto give_up = Clock::now() + 60s; Clock::now() < give_up;) {
      const auto described = client->Describe(id);
      if (described.ok() && !described->pending_workflow_task_attempt && described->summary.history_length >= 4) {
        return true;
      }
      std::this_thread::sleep_for(5ms);
    }
    return false;
  });
  std::printf("{\"waiting\": %d}\n", waiting);
  return waiting == count ? 0 : 1;
}

}  // namespace temporal::bench
