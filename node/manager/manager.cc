#include "node/manager/manager.h"

#include <algorithm>
#include <cctype>
#include <thread>

#include "domain/ids.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/manager/authorized_keys.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

using Phase = SandboxEntry::Phase;

constexpr int kMaxSandboxes = 250;  // addresses .2 to .251 of the subnet
constexpr std::size_t kRemovedKept = 10'000;

std::string LowerTail(const std::string& id, std::size_t length) {
  std::string tail = id.substr(id.size() - length);
  std::transform(tail.begin(), tail.end(), tail.begin(), [](unsigned char c) { return std::tolower(c); });
  return tail;
}

std::vector<std::string> UuidsOf(const SandboxSpec& spec) {
  std::vector<std::string> uuids;
  for (const auto& gpu : spec.gpus) uuids.push_back(gpu.uuid);
  return uuids;
}

bool SameGpus(const SandboxSpec& spec, const std::vector<std::string>& uuids) {
  auto held = UuidsOf(spec);
  return held.size() == uuids.size() && std::is_permutation(held.begin(), held.end(), uuids.begin());
}

absl::Status CheckKeys(const std::vector<AuthorizedKey>& keys) {
  for (const auto& key : keys) GPUAAS_RETURN_IF_ERROR(CheckPublicKey(key.public_key));
  return absl::OkStatus();
}

void Warn(std::string_view message, const std::string& allocation_id, const absl::Status& status) {
  platform::LogWarning(message, {{"allocation_id", allocation_id}, {"error", ToStd(status.message())}});
}

absl::Status IsFenced() {
  return absl::UnavailableError("this node has lost contact with the control plane and is fenced");
}

absl::Status WasRemoved() { return absl::FailedPreconditionError("the allocation was removed from this node"); }

}  // namespace

Manager::Manager(ManagerOptions options, GpuSource& gpus, SandboxHost& host, EvidenceJournal& evidence,
                 EvidenceJournal::Now now)
    : options_(std::move(options)), gpus_(gpus), host_(host), evidence_(evidence), now_(std::move(now)) {}

absl::StatusOr<std::unique_ptr<Manager>> Manager::Open(ManagerOptions options, GpuSource& gpus, SandboxHost& host,
                                                       EvidenceJournal& evidence, EvidenceJournal::Now now) {
  std::unique_ptr<Manager> manager(new Manager(std::move(options), gpus, host, evidence, std::move(now)));
  GPUAAS_ASSIGN_OR_RETURN(manager->journal_,
                          RecordLog::Open(manager->options_.state_dir + "/journal.log",
                                          [&](std::string_view record) { manager->state_.Apply(record); }));
  if (auto status = manager->journal_->Rewrite(manager->state_.Snapshot(kRemovedKept)); !status.ok()) {
    platform::LogWarning("the journal stays as long as it is", {{"error", ToStd(status.message())}});
  }
  // What ran when the last agent ended, and when that was last seen.
  for (const auto& entry : evidence.After(0, static_cast<std::size_t>(-1))) {
    if (entry.kind == EvidenceKind::kStopped) {
      manager->watches_.erase(entry.allocation_id);
    } else {
      const Moment seen{entry.boot_id, entry.monotonic, entry.wall};
      manager->watches_[entry.allocation_id] = {seen, seen};
    }
  }
  return manager;
}

std::shared_ptr<std::mutex> Manager::LockFor(const std::string& allocation_id) {
  std::lock_guard lock(mutex_);
  auto& found = locks_[allocation_id];
  if (found == nullptr) found = std::make_shared<std::mutex>();
  return found;
}

std::optional<SandboxEntry> Manager::Get(const std::string& allocation_id) const {
  std::lock_guard lock(mutex_);
  const SandboxEntry* entry = state_.Find(allocation_id);
  return entry == nullptr ? std::nullopt : std::optional(*entry);
}

std::vector<SandboxEntry> Manager::Live() const {
  std::lock_guard lock(mutex_);
  std::vector<SandboxEntry> live;
  for (const auto& [id, entry] : state_.entries()) {
    if (entry.phase != Phase::kRemoved) live.push_back(entry);
  }
  return live;
}

absl::Status Manager::Record(const std::string& record) {
  GPUAAS_RETURN_IF_ERROR(journal_->Append(record));
  state_.Apply(record);
  return absl::OkStatus();
}

absl::StatusOr<int> Manager::FreeSlot() const {
  std::set<int> used;
  for (const auto& [id, entry] : state_.entries()) {
    if (entry.phase != Phase::kRemoved) used.insert(entry.slot);
  }
  for (int slot = 0; slot < kMaxSandboxes; ++slot) {
    if (!used.contains(slot) && !options_.is_uid_taken(options_.first_uid + static_cast<uid_t>(slot))) return slot;
  }
  return absl::ResourceExhaustedError("this node holds as many sandboxes as it can");
}

absl::StatusOr<SandboxEntry> Manager::Plan(const EnsureRequest& request) {
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<GpuInfo> inventory, gpus_.List());
  SandboxEntry entry;
  SandboxSpec& spec = entry.spec;
  for (const auto& gpu : inventory) {
    if (std::count(request.gpu_uuids.begin(), request.gpu_uuids.end(), gpu.uuid) == 1) spec.gpus.push_back(gpu);
  }
  if (spec.gpus.size() != request.gpu_uuids.size()) {
    return absl::InvalidArgumentError("a GPU is named twice or is not one of this node");
  }
  for (const auto& [id, other] : state_.entries()) {
    if (other.phase == Phase::kRemoved) continue;
    for (const auto& gpu : other.spec.gpus) {
      if (std::count(request.gpu_uuids.begin(), request.gpu_uuids.end(), gpu.uuid) > 0) {
        return absl::ResourceExhaustedError(ToAbsl(gpu.uuid + " is held by another sandbox"));
      }
    }
  }
  GPUAAS_ASSIGN_OR_RETURN(entry.slot, FreeSlot());
  const std::string slot = std::to_string(entry.slot);
  spec.allocation_id = request.allocation_id;
  spec.folder = options_.state_dir + "/sandboxes/" + request.allocation_id;
  spec.user = options_.user_prefix + "-" + LowerTail(request.allocation_id, 10);
  spec.uid = options_.first_uid + static_cast<uid_t>(entry.slot);
  spec.hostname = "gpu-" + LowerTail(request.allocation_id, 8);
  spec.simulated = gpus_.name() == "declared";
  spec.netns = "gpuaas-" + options_.instance + "-" + slot;
  spec.veth = "gv" + options_.instance + slot;
  spec.address = options_.subnet + "." + std::to_string(entry.slot + 2);
  spec.listen_host = options_.listen_host;
  spec.first_port = options_.first_port;
  spec.last_port = options_.last_port;
  spec.cgroup = "gpuaas-" + options_.instance + "/" + slot;
  spec.cpus = request.cpus;
  spec.memory_bytes = request.memory_bytes;
  spec.hidden = {options_.state_dir};
  entry.operations.insert(request.operation_id);
  if (!request.keys.empty()) entry.keys[request.key_owner] = request.keys;
  return entry;
}

absl::StatusOr<SandboxView> Manager::Ensure(const EnsureRequest& request) {
  if (!AllocationId::Parse(request.allocation_id) || request.operation_id.empty()) {
    return absl::InvalidArgumentError("allocation_id and operation_id are required");
  }
  GPUAAS_RETURN_IF_ERROR(CheckKeys(request.keys));
  auto turn = LockFor(request.allocation_id);
  std::lock_guard one_at_a_time(*turn);
  {
    std::lock_guard lock(mutex_);
    const SandboxEntry* entry = state_.Find(request.allocation_id);
    if (entry == nullptr) {
      GPUAAS_ASSIGN_OR_RETURN(const SandboxEntry planned, Plan(request));
      GPUAAS_RETURN_IF_ERROR(Record(NodeState::Wanted(planned)));
    } else if (entry->phase == Phase::kRemoving || entry->phase == Phase::kRemoved) {
      return WasRemoved();
    } else if (!SameGpus(entry->spec, request.gpu_uuids)) {
      return absl::FailedPreconditionError("the allocation's sandbox has other GPUs");
    } else if (!entry->operations.contains(request.operation_id)) {
      // A repeat must not undo what its owner has changed since; another operation sets the keys anew.
      GPUAAS_RETURN_IF_ERROR(
          Record(NodeState::KeysSet(request.allocation_id, request.operation_id, request.key_owner, request.keys)));
    }
  }
  return Start(request.allocation_id);
}

// The caller holds the allocation's turn.
absl::StatusOr<SandboxView> Manager::Start(const std::string& allocation_id) {
  if (fenced()) return IsFenced();
  const auto entry = Get(allocation_id);
  if (!entry) return absl::NotFoundError("no such sandbox");
  if (entry->phase == Phase::kRemoving || entry->phase == Phase::kRemoved) return WasRemoved();
  const bool fresh = !host_.Find(entry->spec).has_value();
  GPUAAS_ASSIGN_OR_RETURN(const RunningSandbox running, host_.Start(entry->spec));
  if (fenced()) {  // meanwhile: Fence may not have seen it yet
    GPUAAS_RETURN_IF_ERROR(host_.Stop(entry->spec));
    return IsFenced();
  }
  GPUAAS_RETURN_IF_ERROR(host_.WriteKeys(entry->spec, RenderAuthorizedKeys(entry->keys)));
  if (!entry->started_at) {
    std::lock_guard lock(mutex_);
    GPUAAS_RETURN_IF_ERROR(Record(NodeState::Started(allocation_id, now_().wall)));
  }
  NoteStarted(*entry, fresh);
  return ViewOf(*Get(allocation_id), running);
}

void Manager::NoteStarted(const SandboxEntry& entry, bool fresh) {
  const std::string& id = entry.spec.allocation_id;
  const Moment moment = now_();
  std::optional<Watch> before;
  {
    std::lock_guard lock(mutex_);
    if (auto found = watches_.find(id); found != watches_.end()) before = found->second;
  }
  if (before && !fresh) return;
  // It ended unseen: what is proven ends where it was last seen.
  if (before) NoteStopped(entry, before->last_seen);
  auto added = evidence_.Add(id, EvidenceKind::kStarted, UuidsOf(entry.spec), moment);
  if (!added.ok()) Warn("evidence was not written", id, added);
  std::lock_guard lock(mutex_);
  watches_[id] = {moment, moment};
}

void Manager::NoteStopped(const SandboxEntry& entry, const Moment& moment) {
  auto added = evidence_.Add(entry.spec.allocation_id, EvidenceKind::kStopped, UuidsOf(entry.spec), moment);
  if (!added.ok()) Warn("evidence was not written", entry.spec.allocation_id, added);
  std::lock_guard lock(mutex_);
  watches_.erase(entry.spec.allocation_id);
}

// Ends what runs and says when it was last seen running; `ended_at` stays as it was if it did not run.
absl::Status Manager::Stop(const SandboxEntry& entry, Time* ended_at) {
  const bool running = host_.Find(entry.spec).has_value();
  GPUAAS_RETURN_IF_ERROR(host_.Stop(entry.spec));
  std::optional<Watch> watch;
  {
    std::lock_guard lock(mutex_);
    if (auto found = watches_.find(entry.spec.allocation_id); found != watches_.end()) watch = found->second;
  }
  if (!watch && !running) return absl::OkStatus();
  const Moment moment = running ? now_() : watch->last_seen;
  NoteStopped(entry, moment);
  *ended_at = moment.wall;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Time>> Manager::Remove(const std::string& allocation_id) {
  if (!AllocationId::Parse(allocation_id)) return absl::InvalidArgumentError("allocation_id is required");
  auto turn = LockFor(allocation_id);
  std::lock_guard one_at_a_time(*turn);
  const auto entry = Get(allocation_id);
  if (entry && entry->phase == Phase::kRemoved) return entry->ended_at;
  if (!entry) {
    std::lock_guard lock(mutex_);
    // Remembered although it was never here: a late EnsureSandbox must not bring it back.
    GPUAAS_RETURN_IF_ERROR(Record(NodeState::Removed(allocation_id, std::nullopt)));
    return std::optional<Time>();
  }
  {
    std::lock_guard lock(mutex_);
    const std::string record = NodeState::Removing(allocation_id);
    if (auto status = Record(record); !status.ok()) {
      // A disk that takes no more must not keep anybody's processes alive. Only a restart would forget the order, and
      // it stands, and is repeated, until the journal says that it is done.
      Warn("a removal was not noted and is carried out all the same", allocation_id, status);
      state_.Apply(record);
    }
  }
  GPUAAS_RETURN_IF_ERROR(FinishRemoval(*entry));
  return Get(allocation_id)->ended_at;
}

// The caller holds the allocation's turn; it is "removing".
absl::Status Manager::FinishRemoval(const SandboxEntry& entry) {
  const std::string& id = entry.spec.allocation_id;
  Time ended_at{};
  GPUAAS_RETURN_IF_ERROR(Stop(entry, &ended_at));
  if (ended_at == Time{}) {  // it had ended before: the journal of evidence knows when
    for (const auto& seen : evidence_.After(0, static_cast<std::size_t>(-1))) {
      if (seen.allocation_id == id) ended_at = seen.wall;
    }
  }
  GPUAAS_RETURN_IF_ERROR(host_.Remove(entry.spec));
  std::lock_guard lock(mutex_);
  return Record(NodeState::Removed(id, ended_at == Time{} ? std::nullopt : std::optional(ended_at)));
}

absl::Status Manager::SetKeys(const std::string& allocation_id, const std::string& owner,
                              const std::vector<AuthorizedKey>& keys) {
  if (owner.empty()) return absl::InvalidArgumentError("owner is required");
  GPUAAS_RETURN_IF_ERROR(CheckKeys(keys));
  auto turn = LockFor(allocation_id);
  std::lock_guard one_at_a_time(*turn);
  const auto entry = Get(allocation_id);
  if (!entry || entry->phase == Phase::kRemoving || entry->phase == Phase::kRemoved) {
    return absl::NotFoundError("no such sandbox on this node");
  }
  {
    std::lock_guard lock(mutex_);
    GPUAAS_RETURN_IF_ERROR(Record(NodeState::KeysSet(allocation_id, "", owner, keys)));
  }
  if (entry->phase == Phase::kWanted) return absl::OkStatus();  // its start writes them
  return host_.WriteKeys(entry->spec, RenderAuthorizedKeys(Get(allocation_id)->keys));
}

SandboxView Manager::ViewOf(const SandboxEntry& entry, const std::optional<RunningSandbox>& running) const {
  SandboxView view;
  view.allocation_id = entry.spec.allocation_id;
  view.user = entry.spec.user;
  view.host = options_.advertise_host;
  view.gpu_uuids = UuidsOf(entry.spec);
  view.started_at = entry.started_at.value_or(Time{});
  view.running = running.has_value();
  if (running) {
    view.port = running->port;
    view.host_public_key = running->host_public_key;
    view.host_fingerprint = running->host_fingerprint;
  }
  return view;
}

std::vector<SandboxView> Manager::List() {
  std::vector<SandboxView> views;
  for (const auto& entry : Live()) views.push_back(ViewOf(entry, host_.Find(entry.spec)));
  return views;
}

absl::StatusOr<SandboxSpec> Manager::RunningSpec(const std::string& allocation_id) {
  const auto entry = Get(allocation_id);
  if (!entry || entry->phase != Phase::kRunning || !host_.Find(entry->spec)) {
    return absl::NotFoundError("no such sandbox runs on this node");
  }
  return entry->spec;
}

void Manager::Reconcile() {
  for (const auto& seen : Live()) {
    const std::string& id = seen.spec.allocation_id;
    auto turn = LockFor(id);
    std::lock_guard one_at_a_time(*turn);
    if (auto status = BringBack(id); !status.ok()) Warn("a sandbox could not be brought back", id, status);
  }
}

// The caller holds the allocation's turn. What it was before it had it does not count.
absl::Status Manager::BringBack(const std::string& allocation_id) {
  const auto entry = Get(allocation_id);
  if (entry->phase == Phase::kRemoved) return absl::OkStatus();
  if (entry->phase == Phase::kRemoving) return FinishRemoval(*entry);
  return fenced() ? absl::OkStatus() : Start(allocation_id).status();
}

void Manager::Observe() {
  for (const auto& entry : Live()) {
    auto turn = LockFor(entry.spec.allocation_id);
    // Whoever has the turn is looking after it right now.
    std::unique_lock one_at_a_time(*turn, std::try_to_lock);
    if (one_at_a_time.owns_lock()) ObserveOne(entry);
  }
}

void Manager::ObserveOne(const SandboxEntry& seen) {
  const std::string& id = seen.spec.allocation_id;
  const auto entry = Get(id);
  const bool runs = entry->phase == Phase::kRunning && host_.Find(entry->spec).has_value();
  if (entry->phase == Phase::kRemoving || (entry->phase == Phase::kRunning && !runs && !fenced())) {
    platform::LogWarning("a sandbox is not as it should be and is brought back", {{"allocation_id", id}});
    if (auto status = BringBack(id); !status.ok()) Warn("a sandbox could not be brought back", id, status);
  }
  if (!runs || fenced()) return;
  const Moment moment = now_();
  bool due = false;
  {
    std::lock_guard lock(mutex_);
    Watch& watch = watches_[id];
    watch.last_seen = moment;
    due = moment.boot_id != watch.last_written.boot_id ||
          moment.monotonic - watch.last_written.monotonic >= options_.running_evidence_every;
    if (due) watch.last_written = moment;
  }
  if (!due) return;
  auto added = evidence_.Add(id, EvidenceKind::kRunning, UuidsOf(entry->spec), moment);
  if (!added.ok()) Warn("evidence was not written", id, added);
}

void Manager::Fence() {
  {
    std::lock_guard lock(mutex_);
    if (!fenced_) platform::LogError("no contact with the control plane for too long: fencing this node");
    fenced_ = true;
  }
  // All at once: one that is slow to die must not let the others live on.
  std::vector<std::jthread> hands;
  for (const auto& entry : Live()) {
    hands.emplace_back([this, entry] {
      auto turn = LockFor(entry.spec.allocation_id);
      // Whoever has the turn may have it for long. What it is starting it stops itself; the evidence waits for its
      // turn.
      std::unique_lock one_at_a_time(*turn, std::try_to_lock);
      Time ignored{};
      auto status = one_at_a_time.owns_lock() ? Stop(entry, &ignored) : host_.Stop(entry.spec);
      if (!status.ok()) Warn("a sandbox could not be stopped", entry.spec.allocation_id, status);
    });
  }
}

void Manager::Unfence() {
  std::lock_guard lock(mutex_);
  if (fenced_) platform::LogInfo("contact is back: sandboxes are started again");
  fenced_ = false;
}

bool Manager::fenced() const {
  std::lock_guard lock(mutex_);
  return fenced_;
}

}  // namespace gpuaas::node
