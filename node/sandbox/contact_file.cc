#include "node/sandbox/contact_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "node/command/command.h"
#include "node/sandbox/processes.h"

namespace gpuaas::node {
namespace {

constexpr std::size_t kLength = 36 + 1 + 20 + 1 + 10 + 1;

}  // namespace

absl::Status WriteContact(const std::string& path, const ContactMark& mark) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  char line[kLength + 1];
  std::snprintf(line, sizeof line, "%-36.36s %020" PRId64 " %010" PRId64 "\n", mark.boot_id.c_str(),
                static_cast<std::int64_t>(mark.monotonic.count()), static_cast<std::int64_t>(mark.limit.count()));
  const bool done = file.valid() && ::pwrite(file.get(), line, kLength, 0) == static_cast<ssize_t>(kLength);
  return done ? absl::OkStatus() : ErrnoStatus(path);
}

std::optional<ContactMark> ReadContact(int file) {
  char line[kLength + 1] = "";
  if (::pread(file, line, kLength, 0) != static_cast<ssize_t>(kLength)) return std::nullopt;
  char boot_id[37] = "";
  std::int64_t monotonic = 0, limit = 0;
  if (std::sscanf(line, "%36s %20" SCNd64 " %10" SCNd64, boot_id, &monotonic, &limit) != 3) return std::nullopt;
  return ContactMark{boot_id, std::chrono::microseconds(monotonic), std::chrono::seconds(limit)};
}

std::chrono::microseconds EndOf(const ContactMark& mark) {
  const std::chrono::microseconds limit = mark.limit;
  return mark.monotonic + limit + limit / 10;
}

std::chrono::microseconds SinceBoot() {
  timespec since_boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return std::chrono::seconds(since_boot.tv_sec) + std::chrono::microseconds(since_boot.tv_nsec / 1000);
}

}  // namespace gpuaas::node
