#include "node/sandbox/trash.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/command/command.h"
#include "node/sandbox/processes.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

constexpr std::chrono::minutes kRetry{1};

// Takes the flags "immutable" and "append only" off a file or folder; nothing else is opened.
void MakeMutable(int folder, const char* name) {
  struct stat info{};
  if (::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return;
  const Fd file(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  int flags = 0;
  if (::ioctl(file.get(), FS_IOC_GETFLAGS, &flags) != 0) return;
  flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
  ::ioctl(file.get(), FS_IOC_SETFLAGS, &flags);
}

// Empties a folder by flattening it: the files of each folder in it are deleted and its folders move up beside it, to
// have their turn there. So nothing is ever more than one level down, and a restart finds nothing half done.
class Flattening {
 public:
  Flattening(int top, const std::stop_token& stop) : top_(top), stop_(stop) {}

  // One round over all that is there.
  absl::Status Round() {
    first_error_ = absl::OkStatus();
    progress_ = false;
    ForEach(top_, [&](const char* name) {
      if (Delete(top_, name, 0) == EISDIR) Flatten(name);
    });
    return first_error_;
  }
  bool progress() const { return progress_; }

 private:
  void Flatten(const char* name) {
    const Fd folder(::openat(top_, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.valid()) return Fail(name, errno);
    ForEach(folder.get(), [&](const char* entry) {
      if (Delete(folder.get(), entry, 0) == EISDIR) MoveUp(folder.get(), entry);
    });
    Delete(top_, name, AT_REMOVEDIR);
  }

  void MoveUp(int folder, const char* name) {
    int error = 0;
    do {
      const std::string place = std::to_string(serial_++);
      error = Insist(folder, name, [&] { return ::renameat2(folder, name, top_, place.c_str(), RENAME_NOREPLACE); });
    } while (error == EEXIST);
    if (error != 0) Fail(name, error);
  }

  // 0, or why it was not: EISDIR is no failure.
  int Delete(int folder, const char* name, int flags) {
    const int error = Insist(folder, name, [&] { return ::unlinkat(folder, name, flags); });
    if (error != 0 && error != EISDIR) Fail(name, error);
    return error;
  }

  // `act` on an entry; once more without the flags that may stand in its way. 0, or errno.
  template <class Act>
  int Insist(int folder, const char* name, const Act& act) {
    int error = act() == 0 ? 0 : errno;
    if (error == EPERM) {
      MakeMutable(folder, ".");
      MakeMutable(folder, name);
      error = act() == 0 ? 0 : errno;
    }
    progress_ = progress_ || error == 0;
    return error;
  }

  // Entries come and go under its hands; what it passes over is met in the next round.
  template <class Act>
  void ForEach(int folder, const Act& act) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(
        ::fdopendir(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), &::closedir);
    if (entries == nullptr) return Fail(".", errno);
    while (!stop_.stop_requested()) {
      errno = 0;
      const dirent* entry = ::readdir(entries.get());
      if (entry == nullptr && errno != 0) Fail(".", errno);
      if (entry == nullptr) return;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) act(entry->d_name);
    }
  }

  void Fail(const char* name, int error) {
    if (!first_error_.ok()) return;
    errno = error;
    first_error_ = ErrnoStatus(std::string("delete ") + name);
  }

  const int top_;
  const std::stop_token& stop_;
  unsigned long serial_ = 0;
  bool progress_ = false;
  absl::Status first_error_;
};

}  // namespace

absl::Status EmptyFolder(const std::string& path, const std::stop_token& stop) {
  const Fd top(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid()) return ErrnoStatus(path);
  Flattening flattening(top.get(), stop);
  absl::Status status;
  do {
    status = flattening.Round();
  } while (flattening.progress() && !stop.stop_requested());
  return status;
}

absl::Status Trash::Make() {
  return ::mkdir(path_.c_str(), 0700) == 0 || errno == EEXIST ? absl::OkStatus() : ErrnoStatus(path_);
}

absl::Status Trash::Start() {
  GPUAAS_RETURN_IF_ERROR(Make());
  worker_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
  return absl::OkStatus();
}

absl::Status Trash::Put(const std::string& folder) {
  GPUAAS_RETURN_IF_ERROR(Make());
  const std::string place = path_ + folder.substr(folder.rfind('/'));
  if (::rename(folder.c_str(), place.c_str()) != 0 && errno != ENOENT) return ErrnoStatus("remove " + folder);
  std::lock_guard lock(mutex_);
  due_ = true;
  changed_.notify_all();
  return absl::OkStatus();
}

absl::Status Trash::Remove() {
  if (::access(path_.c_str(), F_OK) != 0) return absl::OkStatus();
  GPUAAS_RETURN_IF_ERROR(EmptyFolder(path_));
  return ::rmdir(path_.c_str()) == 0 ? absl::OkStatus() : ErrnoStatus(path_);
}

void Trash::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return due_; })) {
    due_ = false;
    lock.unlock();
    const absl::Status status = EmptyFolder(path_, stop);
    if (!status.ok()) platform::LogWarning("not everything could be deleted", {{"error", ToStd(status.message())}});
    lock.lock();
    if (status.ok()) continue;
    changed_.wait_for(lock, stop, kRetry, [this] { return due_; });
    due_ = true;
  }
}

}  // namespace gpuaas::node
