// What temporal/tools/workflow-lint must find: the rules named behind each line, and nothing else. Never compiled into
// anything.
#include <unistd.h>  // expect: include

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>  // expect: include
#include <cstdlib>
#include <ctime>       // expect: include
#include <filesystem>  // expect: include
#include <fstream>     // expect: include
#include <functional>
#include <future>    // expect: include
#include <iostream>  // expect: include
#include <map>
#include <mutex>   // expect: include
#include <random>  // expect: include
#include <set>
#include <string>
#include <string_view>
#include <thread>  // expect: include
#include <unordered_map>
#include <utility>
#include <vector>

#include "temporal/workflow/channel.h"
#include "temporal/workflow/context.h"

namespace samples {

using temporal::Context;
using temporal::Task;
using Text = std::string;

constexpr temporal::ActivityRef<Text, Text> kStep{"step"};
constexpr temporal::Duration kSecond = std::chrono::seconds(1);

struct Plain {  // an aggregate
  Text name;
  std::vector<int> numbers;
};
Task<void> Takes(Plain plain) { co_return; }

// --- blocking

struct Blocking {
  std::mutex mutex;              // expect: blocking
  std::condition_variable wake;  // expect: blocking
  Task<void> Run() {
    const std::lock_guard lock(mutex);                                                             // expect: blocking
    std::this_thread::sleep_for(std::chrono::seconds(1));                                          // expect: blocking
    std::this_thread::sleep_until(std::chrono::time_point_cast<std::chrono::nanoseconds>(later));  // expect: blocking
    ::sleep(1);                                                                                    // expect: blocking
    std::promise<int> promise;                                                                     // expect: blocking
    const int got = promise.get_future().get();                                                    // expect: blocking
    co_return;
  }
  std::chrono::system_clock::time_point later;
};

// --- wall-clock

Task<void> ReadsClocks(Context ctx) {
  using Clock = std::chrono::steady_clock;
  const auto a = std::chrono::system_clock::now();           // expect: wall-clock
  const auto b = Clock::now();                               // expect: wall-clock
  const auto c = std::chrono::high_resolution_clock::now();  // expect: wall-clock
  const auto d = std::time(nullptr);                         // expect: wall-clock
  const auto good = ctx.Now() + std::chrono::seconds(1);
  const auto also = std::chrono::system_clock::from_time_t(0);
  co_return;
}

// --- thread

Task<void> SpawnsThreads() {
  std::thread thread([] {});            // expect: thread
  const auto done = std::async([] {});  // expect: blocking thread
  std::vector<std::jthread> more;       // expect: thread
  const int rc = std::system("true");   // expect: thread
  thread.join();                        // expect: blocking
  co_return;
}

// --- io

Task<void> DoesIo(Context ctx) {
  std::cout << "here";                              // expect: io
  std::ofstream file("log");                        // expect: io
  std::printf("%d\n", 1);                           // expect: io
  const char* home = std::getenv("HOME");           // expect: io
  const bool there = std::filesystem::exists("/");  // expect: io
  char text[8];
  std::snprintf(text, sizeof text, "%d", 1);
  ctx.Log(temporal::LogLevel::kInfo, "here");
  co_return;
}

// --- randomness

Task<void> Guesses(Context ctx) {
  std::random_device device;       // expect: randomness
  std::mt19937 engine(1);          // expect: randomness
  const int number = std::rand();  // expect: randomness
  const auto good = ctx.Random();
  co_return;
}

// --- order

struct Orders {
  std::unordered_map<Text, int> hashed;
  std::map<const char*, int> by_address;
  std::map<Text, int> sorted;
  Task<void> Run() {
    int sum = 0;
    for (const auto& [name, number] : hashed) sum += number;               // expect: order
    for (const auto& [name, number] : by_address) sum += number;           // expect: order
    for (auto each = hashed.begin(); each != hashed.end(); ++each) ++sum;  // expect: order
    for (const auto& [name, number] : sorted) sum += number;
    if (hashed.find("x") != hashed.end()) ++sum;
    hashed["y"] = sum;
    co_return;
  }
};

// --- static-state

int counter = 0;                      // expect: static-state
std::atomic<int> atomic_counter = 0;  // expect: static-state
const int kLimit = 5;
inline const std::vector<int> kPrimes = {2, 3, 5};
Task<void> Remembers() {
  static int calls = 0;       // expect: static-state
  thread_local int mine = 0;  // expect: static-state
  static const Text kName = "x";
  static const Text& ref = *new Text("x");
  ++calls;
  co_return;
}

// --- swallow

Task<Text> Swallows(Context ctx) {
  try {
    co_return co_await ctx.Execute(kStep, "", temporal::ActivityOptions(std::chrono::seconds(1)));
  } catch (...) {  // expect: swallow
  }
  try {
    co_await ctx.Sleep(std::chrono::seconds(1));
  } catch (const std::exception& e) {  // expect: swallow
    co_return e.what();
  }
  try {
    co_await ctx.Sleep(std::chrono::seconds(1));
  } catch (const temporal::WorkflowFailure& failure) {  // expect: swallow
    co_return Text(failure.message());
  }
  co_return "";
}
Task<Text> Looks(Context ctx) {
  try {
    co_await ctx.Sleep(std::chrono::seconds(1));
  } catch (const temporal::ActivityError& error) {
    co_return error.what();
  }
  try {
    co_await ctx.Sleep(std::chrono::seconds(1));
  } catch (const temporal::WorkflowFailure& failure) {
    if (temporal::IsCancellation(failure)) throw;
  } catch (...) {
    throw;
  }
  try {
    co_await ctx.Sleep(std::chrono::seconds(1));
  } catch (const std::exception&) {
    if (ctx.cancelled()) co_return "cancelled";
  }
  co_return "";
}
int NoAwait(const Text& text) {
  try {
    return std::stoi(text);
  } catch (const std::exception&) {
    return 0;
  }
}

// --- lambda-coroutine

struct Lambdas {
  Task<void> Member() { co_return; }
  void Make(Context ctx) {
    const auto bad = [ctx]() -> Task<void> { co_await ctx.Sleep(kSecond); };  // expect: lambda-coroutine
    const auto good = [](Context c) -> Task<void> { co_await c.Sleep(std::chrono::seconds(1)); };
    const auto passes_on = [this] { return Member(); };
    const auto plain = [&] { return ctx.cancelled(); };
  }
};

// --- reference-parameter

Task<void> ByReference(const Text& text) { co_return; }              // expect: reference-parameter
Task<void> ByView(Text value, std::string_view text) { co_return; }  // expect: reference-parameter
Task<void> ByValue(Text text, Context ctx) { co_return; }
Task<void> NoCoroutine(const Text& text) { return ByValue(text, *static_cast<Context*>(nullptr)); }

// --- aggregate-temporary

Task<void> Temporaries(Context ctx) {
  co_await Takes(Plain{.name = "x"});  // expect: aggregate-temporary
  co_await Takes({"x", {}});           // expect: aggregate-temporary
  co_await Takes(Plain{});
  Plain plain{.name = "x"};
  co_await Takes(std::move(plain));
  co_await ctx.Until([] { return Plain{.name = "x"}.name.empty(); });
  const Plain outside{co_await ctx.Execute(kStep, "", temporal::ActivityOptions(std::chrono::seconds(1)))};
}

// --- iterator-over-await, reference-over-await

struct Loops {
  std::vector<Text> items;
  std::map<Text, Text> names;
  Context ctx;
  Task<void> Run() {
    for (const Text& item : items) co_await ctx.Sleep(std::chrono::seconds(1));  // expect: iteration-over-await
    const std::vector<Text> local = items;
    for (const Text& item : local) co_await ctx.Sleep(std::chrono::seconds(1));
    for (const Text& item : items) Use(item);
  }
  Task<void> Holds() {
    const Text& first = items.front();  // expect: reference-over-await
    co_await ctx.Sleep(std::chrono::seconds(1));
    Use(first);
    const Text& last = items.back();
    Use(last);
    const Text copy = items.front();
    co_await ctx.Sleep(std::chrono::seconds(1));
    Use(copy);
    auto found = names.find("x");  // expect: reference-over-await
    co_await ctx.Sleep(std::chrono::seconds(1));
    Use(found->second);
  }
  void Use(const Text& text) {}
};

// --- use-after-move

Task<void> Moves(Context ctx, Text text) {
  co_await ctx.Execute(kStep, std::move(text), temporal::ActivityOptions(std::chrono::seconds(1)));
  auto moved = [t = std::move(text)] { return t; };  // expect: use-after-move
  co_await ctx.Sleep(std::chrono::seconds(1));
  if (text.empty()) co_return;  // expect: use-after-move
}

// --- suppressions

Task<void> Allowed() {
  const auto now = std::chrono::system_clock::now();  // workflow-lint: allow(wall-clock) shown to nobody
  // workflow-lint: allow(randomness) only in this sample
  const int number = std::rand();
  // expect-next: suppression
  // workflow-lint: allow(io)
  std::printf("no reason given");  // expect: io
  // expect-next: suppression
  co_return;  // workflow-lint: allow(wall-clock) nothing is here
}

}  // namespace samples
