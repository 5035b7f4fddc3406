#include "node/sandbox/forwarding.h"

#include <fcntl.h>
#include <sys/file.h>

#include <filesystem>
#include <fstream>

#include "domain/status_macros.h"
#include "node/command/command.h"
#include "node/sandbox/network.h"
#include "node/sandbox/processes.h"

namespace gpuaas::node {
namespace {

namespace fs = std::filesystem;

std::string SwitchOf(const std::string& link, const ForwardingPlaces& places) {
  return places.sysctl + "/conf/" + link + "/forwarding";
}

bool IsOn(const std::string& file) {
  int value = 0;
  std::ifstream(file) >> value;
  return value != 0;
}

absl::Status Set(const std::string& file, int value) {
  std::ofstream stream(file);
  return stream << value << std::flush ? absl::OkStatus() : ErrnoStatus(file);
}

// One agent at a time: one must not switch off what another is about to need.
absl::StatusOr<Fd> LockNotes(const ForwardingPlaces& places) {
  std::error_code error;
  fs::create_directories(places.notes + "/forwarding", error);
  Fd lock(::open((places.notes + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX) != 0) return ErrnoStatus(places.notes + "/lock");
  return lock;
}

bool AnyBridge(const ForwardingPlaces& places) {
  std::error_code error;
  for (const auto& link : fs::directory_iterator(places.links, error)) {
    if (IsBridgeName(link.path().filename().string())) return true;
  }
  return false;
}

}  // namespace

absl::Status EnableForwarding(const std::string& bridge, const std::string& uplink, const ForwardingPlaces& places) {
  GPUAAS_ASSIGN_OR_RETURN(const Fd lock, LockNotes(places));
  GPUAAS_RETURN_IF_ERROR(Set(SwitchOf(bridge, places), 1));
  if (IsOn(SwitchOf(uplink, places))) return absl::OkStatus();
  GPUAAS_RETURN_IF_ERROR(WriteFile(places.notes + "/forwarding/" + uplink, "", 0600));
  return Set(SwitchOf(uplink, places), 1);
}

absl::Status RestoreForwarding(const ForwardingPlaces& places) {
  GPUAAS_ASSIGN_OR_RETURN(const Fd lock, LockNotes(places));
  if (AnyBridge(places)) return absl::OkStatus();
  for (const auto& note : fs::directory_iterator(places.notes + "/forwarding")) {
    const std::string file = SwitchOf(note.path().filename().string(), places);
    if (!IsOn(places.sysctl + "/ip_forward") && fs::exists(file)) GPUAAS_RETURN_IF_ERROR(Set(file, 0));
    fs::remove(note.path());
  }
  return absl::OkStatus();
}

}  // namespace gpuaas::node
