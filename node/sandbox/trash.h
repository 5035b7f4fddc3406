#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/status/status.h"

namespace gpuaas::node {

// Deletes everything in a folder, however deep and whatever its modes and flags: with a handful of open descriptors and
// no path longer than a name. Nobody else may be changing it. What cannot be deleted is left; the first reason why.
absl::Status EmptyFolder(const std::string& path, const std::stop_token& stop = {});

// A folder of what is to be deleted: what is put there is out of the way at once, and goes in the background. What is
// left when the agent ends goes when the next one begins. Thread-safe.
class Trash {
 public:
  explicit Trash(std::string path) : path_(std::move(path)) {}

  // Begins to delete what is in it and what will be put there.
  absl::Status Start();
  // `folder` is on the same file system. What is gone already is success.
  absl::Status Put(const std::string& folder);
  // Deletes all of it now, and the folder itself; for those who have not started it.
  absl::Status Remove();

 private:
  absl::Status Make();
  void Work(const std::stop_token& stop);

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool due_ = true;
  std::jthread worker_;
};

}  // namespace gpuaas::node
