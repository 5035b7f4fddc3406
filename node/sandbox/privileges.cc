#include "node/sandbox/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "domain/status_macros.h"
#include "node/command/command.h"
#include "node/sandbox/system_calls.h"

namespace gpuaas::node {
namespace {

constexpr rlim_t kCustomaryFiles = 1'024;
// CAP_AUDIT_WRITE: where the kernel has audit, sshd ends a login with a terminal that it cannot record.
constexpr int kForSshd[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,     CAP_FSETID,     CAP_KILL,
                            CAP_SETGID, CAP_SETUID,       CAP_SYS_CHROOT, CAP_AUDIT_WRITE};

void SetFileLimit(rlim_t wanted) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min(wanted, files.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

void RaiseFileLimit() { SetFileLimit(RLIM_INFINITY); }
void RestoreFileLimit() { SetFileLimit(kCustomaryFiles); }

absl::Status KeepOnlyWhatSshdNeeds() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus("no_new_privs");
  __user_cap_data_struct data[2]{};
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    const bool kept = std::find(std::begin(kForSshd), std::end(kForSshd), capability) != std::end(kForSshd);
    if (!kept) {
      if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return ErrnoStatus("bound the capabilities");
      continue;
    }
    data[capability / 32].effective |= 1u << (capability % 32);
    data[capability / 32].permitted |= 1u << (capability % 32);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, data) != 0) return ErrnoStatus("drop capabilities");
  return RefuseRiskySystemCalls();
}

absl::Status BecomeUser(uid_t uid) {
  GPUAAS_RETURN_IF_ERROR(KeepOnlyWhatSshdNeeds());
  if (::setgroups(0, nullptr) != 0) return ErrnoStatus("setgroups");
  if (::setresgid(uid, uid, uid) != 0) return ErrnoStatus("setresgid");
  if (::setresuid(uid, uid, uid) != 0) return ErrnoStatus("setresuid");  // clears all capabilities
  return absl::OkStatus();
}

}  // namespace gpuaas::node
