#include "node/sandbox/system_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "node/command/command.h"

namespace gpuaas::node {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kOwnArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kOwnArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which architecture is this?"
#endif

static_assert(std::endian::native == std::endian::little, "the low half of an argument comes first");

// Newer than the kernel headers that we are built with; the same numbers on every architecture.
constexpr int kQuotactlFd = 443, kOpenTreeAttr = 467;

constexpr int kForbidden[] = {
    SYS_mount,           SYS_umount2,      SYS_pivot_root,    SYS_move_mount,    SYS_open_tree, SYS_fsopen,
    SYS_fsconfig,        SYS_fsmount,      SYS_fspick,        SYS_mount_setattr, SYS_setns,     SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd,  SYS_add_key,       SYS_request_key,   SYS_keyctl,    SYS_open_by_handle_at,
    SYS_init_module,     SYS_finit_module, SYS_delete_module, SYS_kexec_load,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
    SYS_swapon,          SYS_swapoff,      SYS_reboot,        SYS_acct,          SYS_quotactl,  kQuotactlFd,
    kOpenTreeAttr,
};

// As if this kernel did not have them: libraries have another way then. What clone3 is told cannot be looked at here.
constexpr int kAbsent[] = {SYS_clone3, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register};

class Program {
 public:
  void Load(std::size_t offset) { Put(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  // The answer, if what is loaded compares with `value`.
  void AnswerIf(unsigned short comparison, std::uint32_t value, std::uint32_t answer) {
    code_.push_back(BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 0, 1));
    Answer(answer);
  }
  void AnswerUnless(unsigned short comparison, std::uint32_t value, std::uint32_t answer) {
    code_.push_back(BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 1, 0));
    Answer(answer);
  }
  // The answer to call `number`, if its first argument compares with `value`; the number is loaded before and after.
  void AnswerArgument(int number, unsigned short comparison, std::uint32_t value, std::uint32_t answer) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 4));
    Load(offsetof(seccomp_data, args));
    AnswerIf(comparison, value, answer);
    Load(offsetof(seccomp_data, nr));
  }
  void Answer(std::uint32_t answer) { Put(BPF_RET | BPF_K, answer); }

  sock_fprog program() { return {static_cast<unsigned short>(code_.size()), code_.data()}; }

 private:
  void Put(unsigned short code, std::uint32_t value) { code_.push_back(BPF_STMT(code, value)); }

  std::vector<sock_filter> code_;
};

}  // namespace

absl::Status RefuseRiskySystemCalls() {
  constexpr std::uint32_t kNotPermitted = SECCOMP_RET_ERRNO | EPERM;
  constexpr std::uint32_t kNotThere = SECCOMP_RET_ERRNO | ENOSYS;
  Program program;
  // Numbers mean something else to programs of another architecture.
  program.Load(offsetof(seccomp_data, arch));
  program.AnswerUnless(BPF_JEQ, kOwnArchitecture, SECCOMP_RET_KILL_PROCESS);
  program.Load(offsetof(seccomp_data, nr));
#ifdef __x86_64__
  program.AnswerIf(BPF_JGE, __X32_SYSCALL_BIT, kNotThere);
#endif
  for (const int number : kForbidden) program.AnswerIf(BPF_JEQ, static_cast<std::uint32_t>(number), kNotPermitted);
  for (const int number : kAbsent) program.AnswerIf(BPF_JEQ, static_cast<std::uint32_t>(number), kNotThere);
  program.AnswerArgument(SYS_clone, BPF_JSET, CLONE_NEWUSER, kNotPermitted);
  program.AnswerArgument(SYS_unshare, BPF_JSET, CLONE_NEWUSER, kNotPermitted);
  program.AnswerArgument(SYS_socket, BPF_JEQ, AF_VSOCK, kNotPermitted);
  program.Answer(SECCOMP_RET_ALLOW);
  sock_fprog filter = program.program();
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 ? absl::OkStatus() : ErrnoStatus("seccomp");
}

}  // namespace gpuaas::node
