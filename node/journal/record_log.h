#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gpuaas::node {

// An append-only file of records that survives a crash at any moment: each record is one line "<crc32> <text>", synced
// before Append returns; a torn tail is cut off when the file is opened. Not thread-safe.
class RecordLog {
 public:
  // Opens or creates it and hands each whole record to `replay`, oldest first. kInternal: input or output fails.
  static absl::StatusOr<std::unique_ptr<RecordLog>> Open(const std::string& path,
                                                         const std::function<void(std::string_view)>& replay);
  ~RecordLog();
  RecordLog(const RecordLog&) = delete;
  RecordLog& operator=(const RecordLog&) = delete;

  // `record` has no line feed. After an error the log takes no more records: what reached the disk is unknown.
  absl::Status Append(std::string_view record);
  // Replaces the content in one step: after a crash it is the old or the new one.
  absl::Status Rewrite(const std::vector<std::string>& records);

 private:
  RecordLog(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  const std::string path_;
  int fd_;
  bool broken_ = false;
};

}  // namespace gpuaas::node
