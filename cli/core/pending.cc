#include "cli/core/pending.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <tuple>
#include <utility>

#include "cli/core/error.h"
#include "cli/core/home.h"

namespace gpuaas::cli {
namespace {

namespace fs = std::filesystem;

bool IsValidKey(std::string_view key) {
  return !key.empty() && key.size() <= 128 &&
         std::all_of(key.begin(), key.end(), [](char c) { return c >= '!' && c <= '~'; });
}

// One file per key, whatever characters it has: those a file name cannot hold are written as %XX.
std::string FileName(std::string_view key) {
  std::string name;
  for (char c : key) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    char buffer[4];
    std::snprintf(buffer, sizeof buffer, plain ? "%c" : "%%%02X", c);
    name += buffer;
  }
  constexpr std::size_t kLongest = 200;
  if (name.size() > kLongest) {  // keep it a file name: its head and a hash (FNV-1a) of the whole
    std::uint64_t hash = 0xcbf29ce484222325;
    for (unsigned char c : key) hash = (hash ^ c) * 0x100000001b3;
    name = name.substr(0, kLongest) + "." + std::to_string(hash);
  }
  return name + ".json";
}

Json ToJson(const PendingRequest& request) {
  return {{"key", request.key},         {"method", request.method},
          {"target", request.target},   {"body", request.body},
          {"url", request.url},         {"tenant", request.tenant},
          {"project", request.project}, {"username", request.username},
          {"command", request.command}, {"created_at", request.created_at},
          {"pid", request.pid}};
}

std::optional<PendingRequest> FromJson(const Json& json) {
  if (!json.is_object() || TextAt(json, "key").empty() || TextAt(json, "target").empty()) return std::nullopt;
  const auto text = [&](const char* name) { return TextAt(json, name); };
  PendingRequest request{text("key"),    text("method"),  text("target"),   text("body"),    text("url"),
                         text("tenant"), text("project"), text("username"), text("command"), text("created_at")};
  if (At(json, "pid").is_number_integer()) request.pid = json["pid"].get<long>();
  return request;
}

std::optional<PendingRequest> Load(const fs::path& path) {
  const auto content = ReadFile(path);
  return content ? FromJson(ParseJson(*content)) : std::nullopt;
}

// What the server compares when a key comes again.
bool IsSameRequest(const PendingRequest& a, const PendingRequest& b) {
  return std::tie(a.method, a.target, a.body, a.url, a.tenant, a.project) ==
         std::tie(b.method, b.target, b.body, b.url, b.tenant, b.project);
}

enum class Lock { kAbsent, kTaken, kHeldByOther };

// Opens and locks an existing file; `fd` is set for kTaken.
Lock TryLock(const fs::path& path, int& fd) {
  fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return Lock::kAbsent;
  struct stat opened{}, named{};
  // The name may have gone to another file between opening and locking; then that file's owner has the key.
  if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
      opened.st_ino == named.st_ino) {
    return Lock::kTaken;
  }
  close(std::exchange(fd, -1));
  return Lock::kHeldByOther;
}

[[noreturn]] void FailToStore(const fs::path& path) {
  throw CliError(ErrorCode::kInternal,
                 "cannot store the request before sending it: " + path.string() + ": " + std::strerror(errno),
                 "nothing was sent; check the folder, or set GPUAAS_HOME to another one");
}

}  // namespace

bool IsPastRetention(const PendingRequest& request, TimePoint now) {
  const auto created = ParseTime(request.created_at);
  return !created || now - *created >= kKeyRetention;
}

PendingStore::Entry::Entry(Entry&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), maybe_sent_before_(other.maybe_sent_before_) {}

PendingStore::Entry::~Entry() {
  if (fd_ >= 0) close(fd_);
}

void PendingStore::Entry::Settle() {
  if (fd_ < 0) return;
  unlink(path_.c_str());
  close(std::exchange(fd_, -1));
}

fs::path PendingStore::PathOf(const std::string& key) const { return folder_ / FileName(key); }

PendingStore::Entry PendingStore::Begin(PendingRequest request) const {
  if (!IsValidKey(request.key)) {
    throw CliError(ErrorCode::kIdempotencyKeyInvalid,
                   "an idempotency key has 1 to 128 visible ASCII characters, no blanks");
  }
  const fs::path path = PathOf(request.key);
  int leftover = -1;
  const Lock lock = TryLock(path, leftover);
  if (lock == Lock::kHeldByOther) return Entry(path, -1, /*maybe_sent_before=*/true);
  if (lock == Lock::kTaken) {
    if (const auto stored = Load(path)) {
      if (!IsSameRequest(*stored, request)) {
        close(leftover);
        throw CliError(ErrorCode::kIdempotencyKeyReused,
                       "the key " + request.key + " is that of a pending request: " + stored->command,
                       "use another key, or see what came of it first: gpuaas pending resume " + request.key);
      }
      request.created_at = stored->created_at;
    }
  }
  // The new file is locked before it gets its name, so that nobody ever sees it unlocked while this process lives.
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  chmod(folder_.c_str(), 0700);
  std::string temporary = path.string() + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) FailToStore(path);
  request.pid = getpid();
  const std::string content = ToJson(request).dump(2) + "\n";
  const bool stored = flock(fd, LOCK_EX | LOCK_NB) == 0 &&
                      write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
                      fsync(fd) == 0 && rename(temporary.c_str(), path.c_str()) == 0;
  if (leftover >= 0) close(leftover);
  if (!stored) {
    unlink(temporary.c_str());
    close(fd);
    FailToStore(path);
  }
  if (const int folder = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return Entry(path, fd, /*maybe_sent_before=*/lock == Lock::kTaken);
}

std::vector<PendingStore::Listed> PendingStore::List() const {
  std::vector<Listed> all;
  std::error_code none;
  for (const auto& file : fs::directory_iterator(folder_, none)) {
    if (file.path().extension() != ".json") continue;
    auto request = Load(file.path());
    if (!request) continue;
    int fd = -1;
    const Lock lock = TryLock(file.path(), fd);
    if (fd >= 0) close(fd);
    if (lock != Lock::kAbsent) all.push_back({std::move(*request), lock == Lock::kHeldByOther});
  }
  std::sort(all.begin(), all.end(), [](const Listed& a, const Listed& b) {
    return std::tie(a.request.created_at, a.request.key) < std::tie(b.request.created_at, b.request.key);
  });
  return all;
}

std::optional<PendingStore::Listed> PendingStore::Find(const std::string& key) const {
  for (Listed& listed : List()) {
    if (listed.request.key == key) return std::move(listed);
  }
  return std::nullopt;
}

bool PendingStore::Forget(const std::string& key) const {
  int fd = -1;
  if (TryLock(PathOf(key), fd) != Lock::kTaken) return false;
  Entry(PathOf(key), fd, /*maybe_sent_before=*/true).Settle();
  return true;
}

}  // namespace gpuaas::cli
