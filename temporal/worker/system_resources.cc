#include <chrono>
#include <fstream>
#include <limits>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "temporal/worker/resource_slots.h"

// What Linux tells of memory and CPU.
namespace temporal {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kFresh = std::chrono::milliseconds(100);

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number after `key` in lines of "key number" or "key: number"; nothing if there is none.
std::optional<double> Field(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.compare(0, key.size(), key) != 0) continue;
    std::istringstream rest(line.substr(key.size()));
    double value = 0;
    if (rest >> value) return value;
  }
  return std::nullopt;
}

// The first number of the file; nothing for "max" or without a file.
std::optional<double> Number(const std::string& path) {
  std::istringstream text(ReadFile(path));
  double value = 0;
  if (text >> value) return value;
  return std::nullopt;
}

// Where the control group of this process has its files.
std::string ControlGroup() {
  std::istringstream lines(ReadFile("/proc/self/cgroup"));
  std::string line;
  while (std::getline(lines, line)) {
    if (line.compare(0, 3, "0::") == 0) return "/sys/fs/cgroup" + line.substr(3) + "/";
  }
  return "/sys/fs/cgroup/";
}

class LinuxResources : public ResourceProbe {
 public:
  absl::StatusOr<ResourceUsage> Read() override {
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    if (last_read_ && now - *last_read_ < kFresh) return usage_;
    const auto memory = Memory();
    const auto cpu_time = CpuTime();
    if (!memory || !cpu_time) return absl::UnavailableError("the machine does not tell its memory or CPU usage");
    if (last_read_) {
      const double elapsed = std::chrono::duration<double>(now - *last_read_).count();
      usage_.cpu = (*cpu_time - last_cpu_time_) / (elapsed * Cpus());
    }
    usage_.memory = *memory;
    last_cpu_time_ = *cpu_time;
    last_read_ = now;
    return usage_;
  }

 private:
  std::optional<double> Memory() const {
    const std::string machine = ReadFile("/proc/meminfo");
    const auto total = Field(machine, "MemTotal:");
    const auto available = Field(machine, "MemAvailable:");
    if (!total || !available) return std::nullopt;
    const double of_machine = 1 - *available / *total;
    const auto limit = Number(group_ + "memory.max");
    const auto used = Number(group_ + "memory.current");
    if (!limit || !used || *limit <= 0) return of_machine;
    // What the kernel can take back at once is not in use.
    const double cache = Field(ReadFile(group_ + "memory.stat"), "inactive_file ").value_or(0);
    return std::max(of_machine, (*used - cache) / *limit);
  }

  // The CPUs this process may use: the group's quota, or the machine's.
  double Cpus() const {
    const double all = std::max(1U, std::thread::hardware_concurrency());
    std::istringstream text(ReadFile(group_ + "cpu.max"));
    double quota = 0, period = 0;
    return limited_ && text >> quota >> period && period > 0 ? std::min(all, quota / period) : all;
  }

  // Seconds of CPU used so far, of the group if it is limited, else of the machine.
  std::optional<double> CpuTime() {
    limited_ = Number(group_ + "cpu.max").has_value();
    if (limited_) {
      const auto used = Field(ReadFile(group_ + "cpu.stat"), "usage_usec ");
      if (used) return *used / 1e6;
      limited_ = false;
    }
    std::istringstream line(ReadFile("/proc/stat"));
    std::string name;
    double user = 0, nice = 0, system = 0;
    if (!(line >> name >> user >> nice >> system)) return std::nullopt;
    return (user + nice + system) / 100;  // ticks of 10 ms, as all of /proc
  }

  const std::string group_ = ControlGroup();
  std::mutex mutex_;
  std::optional<Clock::time_point> last_read_;
  double last_cpu_time_ = 0;
  bool limited_ = false;
  ResourceUsage usage_;
};

}  // namespace

std::shared_ptr<ResourceProbe> SystemResources() { return std::make_shared<LinuxResources>(); }

}  // namespace temporal
