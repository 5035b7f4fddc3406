#include "cli/core/terminal_input.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "cli/core/error.h"

namespace gpuaas::cli {

std::string ReadHidden(const std::string& prompt) {
  const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
  termios shown{};
  if (tty < 0 || tcgetattr(tty, &shown) != 0) {
    if (tty >= 0) close(tty);
    throw UsageError("no terminal to ask on");
  }
  // Ctrl-C must not leave a terminal that shows nothing: the signals wait until echo is back.
  sigset_t interrupts, before;
  sigemptyset(&interrupts);
  sigaddset(&interrupts, SIGTERM);
  sigprocmask(SIG_BLOCK, &interrupts, &before);
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
  tcsetattr(tty, TCSAFLUSH, &hidden);
  [[maybe_unused]] ssize_t written = write(tty, prompt.data(), prompt.size());
  std::string line;
  bool interrupted = false;
  for (char c = 0; read(tty, &c, 1) == 1 && c != '\n';) {
    if (c == '\x03') {
      interrupted = true;
      break;
    }
    line += c;
  }
  tcsetattr(tty, TCSAFLUSH, &shown);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  written = write(tty, "\n", 1);
  close(tty);
  if (interrupted) throw CliError(ErrorCode::kInvalidArgument, "interrupted").As(kInterrupted, ExitCode::kInterrupted);
  return line;
}

}  // namespace gpuaas::cli
