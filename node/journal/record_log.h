#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gpuaas::node {

// An append-only file of records that survives a crash at any moment: each record is one line "<crc32> <text>", synced
// before Append returns; a torn tail is cut off when the file is opened. Some space is kept for it, so that a disk that
// others have filled still takes its next records. Not thread-safe.
class RecordLog {
 public:
  // Opens or creates it and hands each whole record to `replay`, oldest first. kInternal: input or output fails, or a
  // damaged record has whole ones behind it, which no crash leaves behind: somebody has to look.
  static absl::StatusOr<std::unique_ptr<RecordLog>> Open(const std::string& path,
                                                         const std::function<void(std::string_view)>& replay);
  ~RecordLog();
  RecordLog(const RecordLog&) = delete;
  RecordLog& operator=(const RecordLog&) = delete;

  // `record` has no line feed. After an error the log is as it was; a repeat may succeed.
  absl::Status Append(std::string_view record);
  // Replaces the content in one step: after a crash it is the old or the new one, after an error the old one.
  absl::Status Rewrite(const std::vector<std::string>& records);

 private:
  RecordLog(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  absl::Status Write(std::string_view line);
  absl::Status CutBack();
  void Reserve();

  const std::string path_;
  int fd_;
  off_t size_ = 0;      // of the whole records
  off_t reserved_ = 0;  // up to where the file has its space
  bool torn_ = false;   // something of a failed record may be behind them
};

}  // namespace gpuaas::node
