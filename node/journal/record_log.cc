#include "node/journal/record_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/command/command.h"

namespace gpuaas::node {
namespace {

constexpr std::size_t kChecksumLength = 8;

std::string Line(std::string_view record) {
  boost::crc_32_type crc;
  crc.process_bytes(record.data(), record.size());
  char checksum[kChecksumLength + 1];
  std::snprintf(checksum, sizeof checksum, "%08x", crc.checksum());
  return std::string(checksum) + " " + std::string(record) + "\n";
}

// The record in a line without its line feed; an empty view if it is torn.
std::string_view RecordIn(std::string_view line) {
  if (line.size() < kChecksumLength + 1 || line[kChecksumLength] != ' ') return {};
  std::string_view record = line.substr(kChecksumLength + 1);
  return Line(record).substr(0, kChecksumLength) == line.substr(0, kChecksumLength) ? record : std::string_view{};
}

void SyncFolderOf(const std::string& path) {
  int fd = ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordLog>> RecordLog::Open(const std::string& path,
                                                           const std::function<void(std::string_view)>& replay) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(path);
  std::unique_ptr<RecordLog> log(new RecordLog(path, fd));
  SyncFolderOf(path);
  GPUAAS_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  std::string_view rest = content;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    if (end == rest.npos) break;
    const auto record = RecordIn(rest.substr(0, end));
    if (record.empty()) break;
    replay(record);
    rest.remove_prefix(end + 1);
  }
  if (!rest.empty() && ::ftruncate(fd, static_cast<off_t>(content.size() - rest.size())) != 0) {
    return ErrnoStatus("cut the torn tail of " + path);
  }
  return log;
}

RecordLog::~RecordLog() { ::close(fd_); }

absl::Status RecordLog::Append(std::string_view record) {
  if (broken_) return MakeError(ErrorCode::kInternal, path_ + " failed before; restart the agent");
  const std::string line = Line(record);
  std::string_view rest = line;
  while (!rest.empty()) {
    ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      broken_ = true;
      return ErrnoStatus("append to " + path_);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(fd_) != 0) {
    broken_ = true;
    return ErrnoStatus("sync " + path_);
  }
  return absl::OkStatus();
}

absl::Status RecordLog::Rewrite(const std::vector<std::string>& records) {
  std::string content;
  for (const auto& record : records) content += Line(record);
  GPUAAS_RETURN_IF_ERROR(WriteFile(path_, content, 0600));
  SyncFolderOf(path_);
  int fd = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(path_);
  ::close(fd_);
  fd_ = fd;
  return absl::OkStatus();
}

}  // namespace gpuaas::node
