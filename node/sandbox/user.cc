#include "node/sandbox/user.h"

#include <grp.h>
#include <pwd.h>

#include <mutex>
#include <vector>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/command/command.h"

namespace gpuaas::node {
namespace {

// The tools lock /etc/passwd and give up soon; one at a time within this agent.
std::mutex account_mutex;

bool Exists(const std::string& name, uid_t* uid) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return false;
  *uid = found->pw_uid;
  return true;
}

}  // namespace

bool IsUidTaken(uid_t uid) {
  std::vector<char> buffer(64 * 1024);
  passwd user{};
  passwd* found_user = nullptr;
  ::getpwuid_r(uid, &user, buffer.data(), buffer.size(), &found_user);
  group members{};
  group* found_group = nullptr;
  ::getgrgid_r(uid, &members, buffer.data(), buffer.size(), &found_group);
  return found_user != nullptr || found_group != nullptr;
}

absl::Status EnsureUser(const std::string& name, uid_t uid) {
  std::lock_guard lock(account_mutex);
  uid_t existing = 0;
  if (Exists(name, &existing)) {
    if (existing == uid) return absl::OkStatus();
    return MakeError(ErrorCode::kConflict, "the account " + name + " exists with another uid");
  }
  if (IsUidTaken(uid)) return MakeError(ErrorCode::kConflict, "uid " + std::to_string(uid) + " is taken");
  const std::string number = std::to_string(uid);
  GPUAAS_RETURN_IF_ERROR(RunTool({"groupadd", "--gid", number, name}).status());
  auto added = RunTool({"useradd", "--uid", number, "--gid", number, "--no-create-home", "--no-log-init", "--home-dir",
                        "/home/" + name, "--shell", "/bin/bash", "--password", "*", name});
  if (!added.ok()) static_cast<void>(RunTool({"groupdel", name}));
  return added.status();
}

absl::Status RemoveUser(const std::string& name) {
  std::lock_guard lock(account_mutex);
  uid_t existing = 0;
  if (Exists(name, &existing)) GPUAAS_RETURN_IF_ERROR(RunTool({"userdel", "--force", name}).status());
  // userdel takes the group of the same name along, unless it was torn between the two.
  static_cast<void>(RunTool({"groupdel", name}));
  return absl::OkStatus();
}

}  // namespace gpuaas::node
