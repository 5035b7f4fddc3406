#include "temporal/worker/local_activities.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/core/machines/retry.h"
#include "temporal/worker/attempt.h"

namespace temporal::worker {

namespace enums = api::enums::v1;
using core::LocalActivityCall;
using core::LocalActivityResult;
using Instant = core::LocalActivityHost::Instant;

namespace {

constexpr char kWorkerType[] = "LocalActivityWorker";

std::shared_ptr<SlotSupplier> SupplierOf(const WorkerOptions& options) {
  if (options.local_activity_slots != nullptr) return options.local_activity_slots;
  return std::make_shared<FixedSlotSupplier>(std::max(1, options.max_concurrent_local_activities));
}

class NoHeartbeats : public HeartbeatSink {
 public:
  void Record(Payloads) override {}
};

Failure TimeoutFailure(enums::TimeoutType type, std::string_view name) {
  Failure failure;
  failure.set_message(absl::StrCat("activity ", std::string(name), " timeout"));
  failure.mutable_timeout_failure_info()->set_timeout_type(type);
  return failure;
}

}  // namespace

// The local activities of one workflow run. Shared with the attempts that run and with the clock.
class LocalActivities::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(LocalActivities& host, const WorkflowInfo& info)
      : host_(host),
        shared_(host.shared_),
        workflow_id_(info.workflow_id),
        run_id_(info.run_id),
        workflow_type_(info.workflow_type) {}

  void Start(LocalActivityCall call);
  void Cancel(uint32_t seq);
  std::vector<LocalActivityResult> Wait(Instant until);
  void Wake();
  // Stops everything; nobody hears of it.
  void Close();

 private:
  enum class State { kQueued, kRunning, kBackingOff };
  struct Activity {
    std::shared_ptr<const LocalActivityCall> call;
    Instant started;
    std::optional<Instant> until;  // schedule-to-close
    int attempt = 1;
    State state = State::kQueued;
    uint64_t turn = 0;  // another one in each state: tells what comes too late
    bool cancel_requested = false;
    std::stop_source stop;  // of the attempt that runs
    std::optional<Timers::Id> until_timer;
    std::optional<Timers::Id> timer;  // of the state
  };
  using Place = std::map<uint32_t, Activity>::iterator;

  // --- with the lock held
  void Queue(Place place);
  void AttemptEnded(Place place, Failure failure);
  void Finish(Place place, core::Outcome outcome, std::optional<Duration> backoff = std::nullopt);
  void StopTimers(Activity& activity);
  Place Find(uint32_t seq, uint64_t turn);
  // Calls `function` with the activity at the given time, if it is still in this turn then.
  template <class F>
  Timers::Id At(Instant time, uint32_t seq, uint64_t turn, F function);

  void Execute(uint32_t seq, uint64_t turn);
  ActivityInfo InfoOf(const Activity& activity) const;

  LocalActivities& host_;
  const std::shared_ptr<const Shared> shared_;
  const std::string workflow_id_;
  const std::string run_id_;
  const std::string workflow_type_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint32_t, Activity> activities_;
  std::vector<LocalActivityResult> results_;
  uint64_t next_turn_ = 1;
};

template <class F>
Timers::Id LocalActivities::Run::At(Instant time, uint32_t seq, uint64_t turn, F function) {
  return shared_->timers->At(time, [weak = weak_from_this(), seq, turn, function] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    std::lock_guard lock(self->mutex_);
    if (const Place place = self->Find(seq, turn); place != self->activities_.end()) function(*self, place);
  });
}

// A turn of 0 is any.
LocalActivities::Run::Place LocalActivities::Run::Find(uint32_t seq, uint64_t turn) {
  const Place place = activities_.find(seq);
  return place == activities_.end() || (turn != 0 && place->second.turn != turn) ? activities_.end() : place;
}

void LocalActivities::Run::Start(LocalActivityCall call) {
  std::lock_guard lock(mutex_);
  const uint32_t seq = call.seq;
  const Place place = activities_.emplace(seq, Activity()).first;
  Activity& activity = place->second;
  activity.attempt = call.attempt;
  activity.call = std::make_shared<const LocalActivityCall>(std::move(call));
  activity.started = shared_->timers->Now();
  const LocalActivityOptions& options = activity.call->options;
  if (options.schedule_to_close > Duration::zero()) {
    activity.until = activity.started + (options.schedule_to_close - activity.call->waited);
    const auto time_out = [](Run& self, Place late) {
      late->second.stop.request_stop();
      self.Finish(late, TimeoutFailure(enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, "ScheduleToClose"));
    };
    if (*activity.until <= activity.started) return time_out(*this, place);
    activity.until_timer = At(*activity.until, seq, 0, time_out);
  }
  Queue(place);
  if (options.schedule_to_start > Duration::zero()) {
    activity.timer = At(activity.started + options.schedule_to_start, seq, activity.turn, [](Run& self, Place late) {
      self.Finish(late, TimeoutFailure(enums::TIMEOUT_TYPE_SCHEDULE_TO_START, "ScheduleToStart"));
    });
  }
}

void LocalActivities::Run::Queue(Place place) {
  place->second.state = State::kQueued;
  place->second.turn = next_turn_++;
  host_.executor_.Run([self = shared_from_this(), seq = place->first, turn = place->second.turn, &slots = host_.slots_,
                       &limiter = host_.limiter_, stop = host_.stop_.get_token()] {
    if (!slots.Acquire(stop)) return;
    slots.Use();
    if (limiter.Wait(stop)) self->Execute(seq, turn);
    slots.Release();
  });
}

ActivityInfo LocalActivities::Run::InfoOf(const Activity& activity) const {
  const LocalActivityCall& call = *activity.call;
  ActivityInfo info;
  info.is_local = true;
  info.activity_id = call.activity_id;
  info.activity_type = call.activity_type;
  info.task_queue = shared_->options.task_queue;
  info.workflow_namespace = shared_->name_space;
  info.workflow_id = workflow_id_;
  info.workflow_run_id = run_id_;
  info.workflow_type = workflow_type_;
  info.attempt = activity.attempt;
  info.scheduled_at = call.original_schedule_time;
  info.started_at = std::chrono::system_clock::now();
  info.attempt_scheduled_at = info.started_at;
  std::optional<Duration> left;
  if (call.options.start_to_close > Duration::zero()) left = call.options.start_to_close;
  if (activity.until) {
    left = std::min<Duration>(left.value_or(Duration::max()), *activity.until - shared_->timers->Now());
  }
  if (left) info.deadline = info.started_at + std::chrono::duration_cast<Time::duration>(*left);
  info.headers = call.options.headers;
  return info;
}

void LocalActivities::Run::Execute(uint32_t seq, uint64_t turn) {
  std::unique_lock lock(mutex_);
  Place place = Find(seq, turn);
  if (place == activities_.end()) return;  // cancelled or timed out before it began
  Activity& activity = place->second;
  if (activity.timer) shared_->timers->Cancel(*std::exchange(activity.timer, std::nullopt));
  activity.state = State::kRunning;
  turn = activity.turn = next_turn_++;
  activity.stop = std::stop_source();
  if (const Duration limit = activity.call->options.start_to_close; limit > Duration::zero()) {
    activity.timer = At(shared_->timers->Now() + limit, seq, turn, [](Run& self, Place late) {
      late->second.stop.request_stop();  // its thread comes back when it will
      self.AttemptEnded(late, TimeoutFailure(enums::TIMEOUT_TYPE_START_TO_CLOSE, "StartToClose"));
    });
  }
  const auto call = activity.call;
  NoHeartbeats heartbeats;
  ActivityContext context(InfoOf(activity), {}, activity.stop.get_token(), heartbeats);
  lock.unlock();

  const auto began = std::chrono::steady_clock::now();
  absl::StatusOr<Payload> outcome = RunAttempt(*shared_, host_.registry_, context, call->input);
  const auto ended = std::chrono::steady_clock::now();
  const std::string& type = call->activity_type;
  shared_->Count(metrics::kLocalActivityTotal, "activity_type", type);
  shared_->Latency(metrics::kLocalActivityExecutionLatency, "activity_type", type, ended - began);
  if (outcome.ok()) {
    shared_->Latency(metrics::kLocalActivitySucceedEndToEndLatency, "activity_type", type,
                     ended - began + context.info().started_at - call->original_schedule_time);
  } else {
    const bool cancelled = context.cancelled();
    shared_->Count(cancelled ? metrics::kLocalActivityExecutionCancelled : metrics::kLocalActivityExecutionFailed,
                   "activity_type", type);
  }

  lock.lock();
  place = Find(seq, turn);
  if (place == activities_.end()) return;  // its time was up
  if (outcome.ok()) return Finish(place, *std::move(outcome));
  AttemptEnded(place, ToFailure(outcome.status(), shared_->options.failure_hook, place->second.cancel_requested));
}

void LocalActivities::Run::AttemptEnded(Place place, Failure failure) {
  Activity& activity = place->second;
  const LocalActivityOptions& options = activity.call->options;
  const auto retry = core::NextRetry(options.retry_policy.value_or(RetryPolicy()), activity.attempt, failure);
  const auto* backoff = std::get_if<Duration>(&retry);
  const Instant now = shared_->timers->Now();
  // An attempt that would begin too late is not waited for.
  if (backoff == nullptr || activity.cancel_requested || (activity.until && now + *backoff >= *activity.until)) {
    return Finish(place, std::move(failure));
  }
  if (*backoff > options.local_retry_threshold) return Finish(place, std::move(failure), *backoff);
  if (activity.timer) shared_->timers->Cancel(*activity.timer);
  activity.state = State::kBackingOff;
  activity.turn = next_turn_++;
  activity.timer = At(now + *backoff, place->first, activity.turn, [](Run& self, Place due) {
    due->second.timer.reset();
    ++due->second.attempt;
    self.Queue(due);
  });
}

void LocalActivities::Run::Finish(Place place, core::Outcome outcome, std::optional<Duration> backoff) {
  LocalActivityResult result;
  result.seq = place->first;
  result.outcome = std::move(outcome);
  result.attempt = place->second.attempt;
  result.runtime = shared_->timers->Now() - place->second.started;
  result.backoff = backoff;
  results_.push_back(std::move(result));
  StopTimers(place->second);
  activities_.erase(place);
  changed_.notify_all();
}

void LocalActivities::Run::StopTimers(Activity& activity) {
  if (activity.until_timer) shared_->timers->Cancel(*activity.until_timer);
  if (activity.timer) shared_->timers->Cancel(*activity.timer);
}

void LocalActivities::Run::Cancel(uint32_t seq) {
  std::lock_guard lock(mutex_);
  const Place place = Find(seq, 0);
  if (place == activities_.end()) return;
  place->second.cancel_requested = true;
  if (place->second.state == State::kRunning) {
    place->second.stop.request_stop();
  } else {
    Finish(place, ToFailure(absl::CancelledError("Activity cancelled"), nullptr, /*as_cancelled=*/true));
  }
}

std::vector<LocalActivityResult> LocalActivities::Run::Wait(Instant until) {
  const auto time_is_up = std::make_shared<bool>(shared_->timers->Now() >= until);
  const Timers::Id timer = shared_->timers->At(until, [weak = weak_from_this(), time_is_up] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    std::lock_guard lock(self->mutex_);
    *time_is_up = true;
    self->changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !results_.empty() || *time_is_up || host_.stopping(); });
  shared_->timers->Cancel(timer);
  return std::exchange(results_, {});
}

void LocalActivities::Run::Wake() {
  std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void LocalActivities::Run::Close() {
  std::lock_guard lock(mutex_);
  for (auto& [seq, activity] : activities_) {
    StopTimers(activity);
    activity.stop.request_stop();
  }
  activities_.clear();
}

// What the engine holds; the run lives on in the attempts that have not come back.
class LocalActivities::Handle : public core::LocalActivityRun {
 public:
  explicit Handle(std::shared_ptr<Run> run) : run_(std::move(run)) {}
  ~Handle() override { run_->Close(); }
  void Start(LocalActivityCall call) override { run_->Start(std::move(call)); }
  void Cancel(uint32_t seq) override { run_->Cancel(seq); }
  std::vector<LocalActivityResult> Wait(Instant until) override { return run_->Wait(until); }

 private:
  const std::shared_ptr<Run> run_;
};

LocalActivities::LocalActivities(std::shared_ptr<const Shared> shared, const ActivityRegistry& registry)
    : shared_(std::move(shared)),
      registry_(registry),
      slots_(SupplierOf(shared_->options), SlotKind::kLocalActivity, kWorkerType, *shared_),
      limiter_(shared_->options.max_local_activities_per_second),
      executor_(slots_.max(kMostThreads)) {
  shared_->Count(metrics::kWorkerStart, "worker_type", kWorkerType);
}

LocalActivities::~LocalActivities() { stop_.request_stop(); }

std::unique_ptr<core::LocalActivityRun> LocalActivities::Open(const WorkflowInfo& info) {
  auto run = std::make_shared<Run>(*this, info);
  std::lock_guard lock(mutex_);
  std::erase_if(runs_, [](const std::weak_ptr<Run>& each) { return each.expired(); });
  runs_.push_back(run);
  return std::make_unique<Handle>(std::move(run));
}

void LocalActivities::Stop() {
  std::vector<std::weak_ptr<Run>> runs;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    runs = runs_;
  }
  stop_.request_stop();
  for (const auto& each : runs) {
    if (const auto run = each.lock()) run->Wake();
  }
}

}  // namespace temporal::worker
