#include "node/contact/state_dir.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "nlohmann/json.hpp"
#include "node/command/command.h"
#include "node/sandbox/network.h"

namespace gpuaas::node {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

absl::StatusOr<json> ReadJson(const std::string& path) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return MakeError(ErrorCode::kInternal, path + " is damaged");
  return value;
}

}  // namespace

absl::StatusOr<StateDir> StateDir::Open(const std::string& path) {
  std::error_code error;
  fs::create_directories(path + "/tls", error);
  fs::create_directories(path + "/sandboxes", error);
  StateDir dir(fs::weakly_canonical(path, error).string());
  if (error) return MakeError(ErrorCode::kInternal, path + ": " + error.message());
  ::chmod(dir.path_.c_str(), 0711);
  ::chmod((dir.path_ + "/sandboxes").c_str(), 0711);
  ::chmod((dir.path_ + "/tls").c_str(), 0700);
  const std::string file = dir.path_ + "/instance.json";
  if (!fs::exists(file)) {
    std::uint32_t random = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random) != 1) {
      return MakeError(ErrorCode::kInternal, "no randomness");
    }
    char name[9];
    std::snprintf(name, sizeof name, "%08x", random);
    GPUAAS_ASSIGN_OR_RETURN(const std::string subnet, ChooseSubnet(random));
    GPUAAS_RETURN_IF_ERROR(WriteFile(file, json{{"instance", name}, {"subnet", subnet}}.dump(), 0600));
  }
  GPUAAS_ASSIGN_OR_RETURN(const json instance, ReadJson(file));
  dir.instance_ = instance.value("instance", "");
  dir.subnet_ = instance.value("subnet", "");
  if (dir.instance_.size() != 8 || dir.subnet_.empty()) return MakeError(ErrorCode::kInternal, file + " is damaged");
  return dir;
}

absl::StatusOr<Fd> StateDir::Lock() const {
  Fd lock(::open((path_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return ErrnoStatus(path_ + "/lock");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return MakeError(ErrorCode::kConflict, "another agent runs on " + path_);
  }
  return lock;
}

absl::StatusOr<NodeIdentity> StateDir::Identity() const {
  const std::string file = path_ + "/node.json";
  if (!fs::exists(file)) return MakeError(ErrorCode::kNotFound, "not enrolled: " + file + " does not exist");
  GPUAAS_ASSIGN_OR_RETURN(const json value, ReadJson(file));
  return NodeIdentity{value.value("node_id", ""), value.value("url", ""), value.value("listen", ""),
                      value.value("advertise", "")};
}

absl::Status StateDir::SaveIdentity(const NodeIdentity& identity) const {
  const json value = {{"node_id", identity.node_id},
                      {"url", identity.url},
                      {"listen", identity.listen},
                      {"advertise", identity.advertise}};
  return WriteFile(path_ + "/node.json", value.dump(2) + "\n", 0600);
}

absl::Status StateDir::SaveCertificate(const std::string& key_pem, const std::string& certificate_pem,
                                       const std::string& ca_pem) const {
  std::error_code error;
  const fs::path current = tls_folder();
  const fs::path old = fs::read_symlink(current, error);
  const std::string name = old == "a" ? "b" : "a";
  const std::string folder = path_ + "/tls/" + name;
  fs::remove_all(folder, error);
  fs::create_directory(folder, error);
  ::chmod(folder.c_str(), 0700);
  GPUAAS_RETURN_IF_ERROR(WriteFile(folder + "/key.pem", key_pem, 0600));
  GPUAAS_RETURN_IF_ERROR(WriteFile(folder + "/cert.pem", certificate_pem, 0600));
  GPUAAS_RETURN_IF_ERROR(WriteFile(folder + "/ca.pem", ca_pem, 0600));
  const std::string link = path_ + "/tls/next";
  ::unlink(link.c_str());
  if (::symlink(name.c_str(), link.c_str()) != 0 || ::rename(link.c_str(), current.c_str()) != 0) {
    return ErrnoStatus(current.string());
  }
  return absl::OkStatus();
}

}  // namespace gpuaas::node
