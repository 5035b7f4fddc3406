#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/inventory/inventory.h"
#include "node/journal/evidence.h"
#include "node/journal/record_log.h"
#include "node/journal/state.h"
#include "node/sandbox/host.h"
#include "node/sandbox/user.h"

namespace gpuaas::node {

struct ManagerOptions {
  std::string state_dir;
  std::string instance;  // 8 hexadecimal digits
  std::string subnet;    // "100.64.3"
  std::string user_prefix = "gpu";
  uid_t first_uid = 700'000;
  std::string listen_host = "127.0.0.1";     // where the sandboxes' ports are
  std::string advertise_host = "127.0.0.1";  // where clients reach them
  int first_port = 20'000;
  int last_port = 29'999;
  std::chrono::seconds running_evidence_every{30};
  std::function<bool(uid_t)> is_uid_taken = IsUidTaken;
};

struct EnsureRequest {
  std::string allocation_id;
  std::string operation_id;
  std::vector<std::string> gpu_uuids;
  std::string key_owner;
  std::vector<AuthorizedKey> keys;
  std::uint32_t cpus = 0;
  std::uint64_t memory_bytes = 0;
};

struct SandboxView {
  std::string allocation_id;
  std::string user;
  std::string host;
  int port = 0;
  bool running = false;
  std::string host_public_key;
  std::string host_fingerprint;
  std::vector<std::string> gpu_uuids;
  Time started_at;
};

// Decides what this node does for allocations. Every decision is in the journal before it is carried out, so that after
// a crash Reconcile finishes it. Thread-safe; calls for different allocations run side by side.
//
// Errors are canonical ones, as the agent's contract (gRPC) names them: InvalidArgument, FailedPrecondition,
// ResourceExhausted, NotFound, Unavailable (fenced), Internal.
class Manager {
 public:
  static absl::StatusOr<std::unique_ptr<Manager>> Open(ManagerOptions options, GpuSource& gpus, SandboxHost& host,
                                                       EvidenceJournal& evidence, EvidenceJournal::Now now);

  absl::StatusOr<SandboxView> Ensure(const EnsureRequest& request);
  // The last moment at which it was seen running, if it ever ran here.
  absl::StatusOr<std::optional<Time>> Remove(const std::string& allocation_id);
  absl::Status SetKeys(const std::string& allocation_id, const std::string& owner,
                       const std::vector<AuthorizedKey>& keys);
  std::vector<SandboxView> List();
  // For entering it. NotFound: there is none, or it is not running.
  absl::StatusOr<SandboxSpec> RunningSpec(const std::string& allocation_id);

  // Brings the node to what the journal says; to be called at start.
  void Reconcile();
  // Looks after what runs: evidence, a new start for what does not, the end of removals that failed. To be called every
  // few seconds.
  void Observe();
  // Ends everything that runs, whatever else is being done to it, and starts nothing until unfenced; homes and keys
  // stay. It is Observe that starts them again. Both are safe to repeat.
  void Fence();
  void Unfence();
  bool fenced() const;

 private:
  struct Watch {
    Moment last_seen;
    Moment last_written;
  };

  Manager(ManagerOptions options, GpuSource& gpus, SandboxHost& host, EvidenceJournal& evidence,
          EvidenceJournal::Now now);

  std::shared_ptr<std::mutex> LockFor(const std::string& allocation_id);
  std::optional<SandboxEntry> Get(const std::string& allocation_id) const;
  std::vector<SandboxEntry> Live() const;
  absl::Status Record(const std::string& record);                   // journal, then state; with mutex_ held
  absl::StatusOr<SandboxEntry> Plan(const EnsureRequest& request);  // with mutex_ held
  absl::StatusOr<int> FreeSlot() const;                             // with mutex_ held
  absl::StatusOr<SandboxView> Start(const std::string& allocation_id);
  absl::Status BringBack(const std::string& allocation_id);
  absl::Status Stop(const SandboxEntry& entry, Time* ended_at);
  absl::Status FinishRemoval(const SandboxEntry& entry);
  void ObserveOne(const SandboxEntry& entry);
  void NoteStarted(const SandboxEntry& entry, bool fresh);
  void NoteStopped(const SandboxEntry& entry, const Moment& moment);
  SandboxView ViewOf(const SandboxEntry& entry, const std::optional<RunningSandbox>& running) const;

  const ManagerOptions options_;
  GpuSource& gpus_;
  SandboxHost& host_;
  EvidenceJournal& evidence_;
  const EvidenceJournal::Now now_;

  mutable std::mutex mutex_;
  std::unique_ptr<RecordLog> journal_;
  NodeState state_;
  std::map<std::string, std::shared_ptr<std::mutex>> locks_;
  std::map<std::string, Watch> watches_;  // of what runs; filled from the evidence at start
  bool fenced_ = false;
};

}  // namespace gpuaas::node
