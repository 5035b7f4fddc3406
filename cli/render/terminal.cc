#include "cli/render/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace gpuaas::cli {
namespace {

bool IsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

std::size_t ColumnsOf(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const long given = columns == nullptr ? 0 : std::strtol(columns, nullptr, 10);
  return given > 0 ? static_cast<std::size_t>(given) : 80;
}

}  // namespace

std::string Terminal::Paint(Style style, std::string_view text) const {
  static constexpr std::array<std::string_view, 6> kCodes = {"", "1", "2", "32", "31", "33"};
  const std::string_view code = kCodes[static_cast<std::size_t>(style)];
  if (!color || code.empty()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

Terminal DescribeTerminal(int fd) {
  Terminal terminal;
  terminal.is_tty = isatty(fd) == 1;
  const char* force = std::getenv("CLICOLOR_FORCE");
  const bool forced = force != nullptr && *force != '\0' && std::string_view(force) != "0";
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  terminal.color = !IsSet("NO_COLOR") && (forced || (terminal.is_tty && !dumb));
  terminal.width = terminal.is_tty ? ColumnsOf(fd) : 0;
  return terminal;
}

Style StyleOfState(std::string_view state) {
  for (std::string_view good : {"active", "ok", "ready", "completed", "succeeded", "online", "running"}) {
    if (state == good) return Style::kGood;
  }
  for (std::string_view bad : {"failed", "FAILED", "lost", "timed_out", "terminated"}) {
    if (state == bad) return Style::kBad;
  }
  for (std::string_view busy : {"requested", "queued", "provisioning", "releasing", "retrying", "late", "draining"}) {
    if (state == busy) return Style::kBusy;
  }
  return Style::kPlain;
}

}  // namespace gpuaas::cli
