#include "node/sandbox/root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>

#include "domain/status_macros.h"
#include "node/command/command.h"
#include "node/sandbox/etc.h"

namespace gpuaas::node {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kInert = MS_NOSUID | MS_NODEV;

// A mount tree being built below one folder.
class Tree {
 public:
  explicit Tree(std::string root) : root_(std::move(root)) {}

  std::string At(const std::string& path) const { return root_ + path; }

  absl::Status Folder(const std::string& path, mode_t mode = 0755) const {
    std::error_code ignored;
    fs::create_directories(At(path), ignored);
    return ::chmod(At(path).c_str(), mode) == 0 ? absl::OkStatus() : ErrnoStatus(path);
  }

  absl::Status Mount(const char* type, const std::string& path, unsigned long flags, const std::string& data) const {
    GPUAAS_RETURN_IF_ERROR(Folder(path));
    if (::mount(type, At(path).c_str(), type, flags, data.c_str()) == 0) return absl::OkStatus();
    return ErrnoStatus(std::string("mount ") + type + " on " + path);
  }

  absl::Status Bind(const std::string& from, const std::string& path, std::uint64_t attributes) const {
    if (!fs::exists(At(path))) GPUAAS_RETURN_IF_ERROR(Folder(path));
    if (::mount(from.c_str(), At(path).c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      return ErrnoStatus("bind " + path);
    }
    mount_attr attribute{};
    attribute.attr_set = attributes | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (::mount_setattr(AT_FDCWD, At(path).c_str(), AT_RECURSIVE, &attribute, sizeof attribute) != 0) {
      return ErrnoStatus("restrict " + path);
    }
    return absl::OkStatus();
  }

  absl::Status Device(const std::string& path, dev_t number) const {
    const std::string target = At(path);
    if (::mknod(target.c_str(), S_IFCHR | 0666, number) == 0) {
      return ::chmod(target.c_str(), 0666) == 0 ? absl::OkStatus() : ErrnoStatus(path);
    }
    return ErrnoStatus("make " + path);
  }

 private:
  const std::string root_;
};

// The node's programs: /usr as it is, and the links or folders beside it.
absl::Status BindPrograms(const Tree& tree) {
  for (const char* path : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"}) {
    struct stat info{};
    if (::lstat(path, &info) != 0) continue;
    if (S_ISLNK(info.st_mode)) {
      std::error_code error;
      fs::copy_symlink(path, tree.At(path), error);
    } else {
      GPUAAS_RETURN_IF_ERROR(tree.Bind(path, path, MOUNT_ATTR_RDONLY));
    }
  }
  return absl::OkStatus();
}

absl::Status MakeGpuDevices(const SandboxSpec& spec, const Tree& tree) {
  if (spec.simulated) {
    for (const auto& gpu : spec.gpus) GPUAAS_RETURN_IF_ERROR(tree.Device(gpu.device_path, makedev(1, 3)));
    return absl::OkStatus();
  }
  if (spec.gpus.empty()) return absl::OkStatus();
  std::vector<std::string> paths;
  for (const auto& gpu : spec.gpus) paths.push_back(gpu.device_path);
  for (const char* shared : {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"}) {
    if (::access(shared, F_OK) == 0) paths.push_back(shared);
  }
  for (const auto& path : paths) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(path);
    GPUAAS_RETURN_IF_ERROR(tree.Device(path, info.st_rdev));
  }
  return absl::OkStatus();
}

absl::Status MakeDev(const SandboxSpec& spec, const Tree& tree) {
  GPUAAS_RETURN_IF_ERROR(tree.Mount("tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=755,size=1m"));
  const struct {
    const char* path;
    unsigned major, minor;
  } kDevices[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
                  {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};
  for (const auto& device : kDevices) {
    GPUAAS_RETURN_IF_ERROR(tree.Device(device.path, makedev(device.major, device.minor)));
  }
  GPUAAS_RETURN_IF_ERROR(
      tree.Mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5"));
  GPUAAS_RETURN_IF_ERROR(tree.Mount("tmpfs", "/dev/shm", kInert, "mode=1777"));
  GPUAAS_RETURN_IF_ERROR(tree.Mount("mqueue", "/dev/mqueue", kInert | MS_NOEXEC, ""));
  std::error_code error;
  fs::create_symlink("pts/ptmx", tree.At("/dev/ptmx"), error);
  fs::create_symlink("/proc/self/fd", tree.At("/dev/fd"), error);
  fs::create_symlink("/proc/self/fd/0", tree.At("/dev/stdin"), error);
  fs::create_symlink("/proc/self/fd/1", tree.At("/dev/stdout"), error);
  fs::create_symlink("/proc/self/fd/2", tree.At("/dev/stderr"), error);
  return MakeGpuDevices(spec, tree);
}

absl::Status MakeTree(const SandboxSpec& spec, const Tree& tree) {
  GPUAAS_RETURN_IF_ERROR(tree.Mount("tmpfs", "", kInert, "mode=755,size=64m"));
  GPUAAS_RETURN_IF_ERROR(BindPrograms(tree));
  GPUAAS_RETURN_IF_ERROR(tree.Folder("/etc"));
  GPUAAS_RETURN_IF_ERROR(FillEtc(spec, tree.At("/etc")));
  GPUAAS_RETURN_IF_ERROR(tree.Bind(spec.folder + "/ssh", "/etc/gpuaas/ssh", MOUNT_ATTR_RDONLY));
  GPUAAS_RETURN_IF_ERROR(tree.Mount("proc", "/proc", kInert | MS_NOEXEC, ""));
  GPUAAS_RETURN_IF_ERROR(tree.Mount("sysfs", "/sys", kInert | MS_NOEXEC | MS_RDONLY, ""));
  GPUAAS_RETURN_IF_ERROR(MakeDev(spec, tree));
  GPUAAS_RETURN_IF_ERROR(tree.Mount("tmpfs", "/tmp", kInert, "mode=1777"));
  GPUAAS_RETURN_IF_ERROR(tree.Mount("tmpfs", "/run", kInert, "mode=755,size=64m"));
  for (const char* path :
       {"/run/sshd", "/run/gpuaas/bin", "/home", "/mnt", "/media", "/srv", "/var/lib", "/var/cache", "/var/log"}) {
    GPUAAS_RETURN_IF_ERROR(tree.Folder(path));
  }
  GPUAAS_RETURN_IF_ERROR(tree.Folder("/root", 0700));
  GPUAAS_RETURN_IF_ERROR(tree.Mount("tmpfs", "/var/tmp", kInert, "mode=1777"));
  std::error_code error;
  fs::create_symlink("/run", tree.At("/var/run"), error);
  GPUAAS_RETURN_IF_ERROR(FillGpuLister(spec, tree.At("/run/gpuaas/bin"), tree.At("/etc")));
  GPUAAS_RETURN_IF_ERROR(tree.Bind(spec.folder + "/home", spec.home(), 0));
  for (const auto& path : spec.hidden) {
    if (!fs::exists(tree.At(path))) continue;
    GPUAAS_RETURN_IF_ERROR(tree.Mount("tmpfs", path, kInert | MS_RDONLY, "mode=000,size=4k"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EnterRoot(const SandboxSpec& spec) {
  const std::string root = spec.folder + "/root";
  // Nothing mounted from here on is seen by the node, and nothing the node mounts later appears here.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return ErrnoStatus("part from the node's mounts");
  ::umask(022);
  const Tree tree(root);
  GPUAAS_RETURN_IF_ERROR(MakeTree(spec, tree));
  if (::chdir(root.c_str()) != 0) return ErrnoStatus(root);
  // The old root is put over the new one and let go of at once: no folder for it is needed.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return ErrnoStatus("pivot_root");
  if (::umount2(".", MNT_DETACH) != 0) return ErrnoStatus("let go of the node's root");
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kInert, nullptr) != 0) {
    return ErrnoStatus("make the root read only");
  }
  return ::chdir("/") == 0 ? absl::OkStatus() : ErrnoStatus("/");
}

}  // namespace gpuaas::node
