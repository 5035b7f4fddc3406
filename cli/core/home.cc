#include "cli/core/home.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "cli/core/error.h"

namespace gpuaas::cli {
namespace {

namespace fs = std::filesystem;

CliError FileError(std::string_view what, const fs::path& path, int error) {
  return CliError(ErrorCode::kInternal, std::string(what) + " " + path.string() + ": " + std::strerror(error),
                  "check the folder's owner and free space, or set GPUAAS_HOME to another folder");
}

void MakeFolder(const fs::path& folder) {
  if (fs::exists(folder)) return;
  if (folder.has_parent_path()) {
    std::error_code ignored;
    fs::create_directories(folder.parent_path(), ignored);
  }
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) throw FileError("cannot make", folder, errno);
}

void WriteAll(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw FileError("cannot write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

fs::path HomeDirectory() {
  if (const char* given = std::getenv("GPUAAS_HOME"); given != nullptr && *given != '\0') return given;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return fs::path(home) / ".gpuaas";
  if (const passwd* user = getpwuid(getuid()); user != nullptr) return fs::path(user->pw_dir) / ".gpuaas";
  return fs::current_path() / ".gpuaas";
}

void WriteFileAtomically(const fs::path& path, std::string_view content) {
  MakeFolder(path.parent_path());
  std::string temporary = path.string() + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);  // mode 0600
  if (fd < 0) throw FileError("cannot write", path, errno);
  try {
    WriteAll(fd, content, path);
    if (fsync(fd) != 0) throw FileError("cannot write", path, errno);
    close(fd);
    if (rename(temporary.c_str(), path.c_str()) != 0) throw FileError("cannot write", path, errno);
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  const int folder = open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

std::optional<std::string> ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw FileError("cannot read", path, errno);
  }
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

Json ReadJsonFile(const fs::path& path) {
  const auto content = ReadFile(path);
  if (!content) return Json::object();
  Json parsed = ParseJson(*content);
  if (!parsed.is_object()) {
    throw CliError(ErrorCode::kInternal, path.string() + " is damaged: not a JSON object",
                   "remove the file and try again");
  }
  return parsed;
}

FileLock::FileLock(const fs::path& path, int operation) {
  MakeFolder(path.parent_path());
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) throw FileError("cannot lock", path, errno);
  while (flock(fd_, operation) != 0) {
    if (errno == EINTR) continue;
    const int error = errno;
    close(std::exchange(fd_, -1));
    if (error != EWOULDBLOCK) throw FileError("cannot lock", path, error);
    return;
  }
}

FileLock::FileLock(const fs::path& path) : FileLock(path, LOCK_EX) {}

std::optional<FileLock> FileLock::Try(const fs::path& path) {
  FileLock lock(path, LOCK_EX | LOCK_NB);
  if (lock.fd_ < 0) return std::nullopt;
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

}  // namespace gpuaas::cli
