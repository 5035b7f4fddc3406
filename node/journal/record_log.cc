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
constexpr off_t kReserve = 256 << 10;

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

bool HoldsRecord(std::string_view lines) {
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    if (end == lines.npos) return false;
    if (!RecordIn(lines.substr(0, end)).empty()) return true;
    lines.remove_prefix(end + 1);
  }
  return false;
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
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    const auto record = RecordIn(rest.substr(0, end));
    if (end == rest.npos || record.empty()) {
      if (!HoldsRecord(rest)) break;
      return MakeError(ErrorCode::kInternal,
                       "line " + std::to_string(number) + " of " + path +
                           " is damaged and whole records follow: a sandbox may be missing in it; repair or remove it");
    }
    replay(record);
    rest.remove_prefix(end + 1);
  }
  log->size_ = static_cast<off_t>(content.size() - rest.size());
  GPUAAS_RETURN_IF_ERROR(log->CutBack());
  return log;
}

RecordLog::~RecordLog() { ::close(fd_); }

absl::Status RecordLog::Append(std::string_view record) {
  if (torn_) GPUAAS_RETURN_IF_ERROR(CutBack());
  const std::string line = Line(record);
  if (auto status = Write(line); !status.ok()) {
    torn_ = true;
    static_cast<void>(CutBack());  // else the next one does
    return status;
  }
  size_ += static_cast<off_t>(line.size());
  Reserve();
  return absl::OkStatus();
}

absl::Status RecordLog::Write(std::string_view line) {
  while (!line.empty()) {
    ssize_t written = ::write(fd_, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return ErrnoStatus("append to " + path_);
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fdatasync(fd_) == 0 ? absl::OkStatus() : ErrnoStatus("sync " + path_);
}

absl::Status RecordLog::CutBack() {
  if (::ftruncate(fd_, size_) != 0) return ErrnoStatus("cut the torn tail of " + path_);
  torn_ = false;
  reserved_ = size_;  // cutting has let go of it
  Reserve();
  return absl::OkStatus();
}

// A file system that cannot, or is full already, is no worse than before.
void RecordLog::Reserve() {
  if (reserved_ - size_ >= kReserve / 2) return;
  if (::fallocate(fd_, FALLOC_FL_KEEP_SIZE, size_, kReserve) == 0) reserved_ = size_ + kReserve;
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
  size_ = static_cast<off_t>(content.size());
  return CutBack();
}

}  // namespace gpuaas::node
