#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "cli/render/json.h"

namespace gpuaas::cli {

// Where the CLI keeps its files: $GPUAAS_HOME, else ~/.gpuaas. Made with mode 0700 when first written to.
std::filesystem::path HomeDirectory();

// Writes the file with mode 0600 so that a reader sees the old or the new content, and a crash leaves one of them:
// temporary file, fsync, rename, fsync of the folder. Throws CliError.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

// The file's content, or nothing if there is none. Throws CliError when it cannot be read.
std::optional<std::string> ReadFile(const std::filesystem::path& path);

// The JSON object in the file; an empty object if there is no file. Throws CliError that names a damaged file.
Json ReadJsonFile(const std::filesystem::path& path);

// Holds an exclusive advisory lock on a file until destroyed; the kernel drops it with the process, so no lock outlives
// its owner. Used beside the file it protects ("<file>.lock"), since that one is replaced by renaming.
class FileLock {
 public:
  // Waits for the lock. Throws CliError when the file cannot be made.
  explicit FileLock(const std::filesystem::path& path);
  // The lock, or nothing while another process (or another FileLock of this one) holds it.
  static std::optional<FileLock> Try(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

  // The locked file's descriptor.
  int fd() const { return fd_; }

 private:
  FileLock(const std::filesystem::path& path, int operation);
  int fd_ = -1;
};

}  // namespace gpuaas::cli
