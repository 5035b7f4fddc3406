#include "cli/core/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <utility>

#include "domain/error_code.h"

namespace gpuaas::cli {
namespace {

std::atomic<const std::string*> g_notice = nullptr;
static_assert(std::atomic<const std::string*>::is_always_lock_free);

// Only what is safe in a signal handler: reads memory that lives, write, _exit.
void OnSignal(int) {
  static constexpr char kPlain[] = "\ninterrupted\n";
  const std::string* notice = g_notice.load();
  [[maybe_unused]] ssize_t written = notice == nullptr ? write(STDERR_FILENO, kPlain, sizeof kPlain - 1)
                                                       : write(STDERR_FILENO, notice->data(), notice->size());
  _exit(static_cast<int>(ExitCode::kInterrupted));
}

}  // namespace

InterruptNotice::InterruptNotice(std::string text) : previous_(g_notice.load()), text_("\n" + std::move(text)) {
  g_notice = &text_;
}

InterruptNotice::~InterruptNotice() { g_notice = previous_; }

void InstallInterruptHandler() {
  struct sigaction action{};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace gpuaas::cli
