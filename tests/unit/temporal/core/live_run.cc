#include "tests/unit/temporal/core/live_run.h"

#include <algorithm>
#include <utility>

#include "temporal/testing/replayer.h"

namespace temporal::core {

class ScriptedHost::Run : public LocalActivityRun {
 public:
  explicit Run(ScriptedHost& host) : host_(host) { ++host_.open_runs; }
  ~Run() override { --host_.open_runs; }

  void Start(LocalActivityCall call) override {
    host_.started.push_back(call);
    running_.push_back(std::move(call));
  }
  void Cancel(uint32_t seq) override { host_.cancelled.push_back(seq); }

  std::vector<LocalActivityResult> Wait(Instant until) override {
    host_.waited_until.push_back(until);
    while (!host_.script.empty()) {
      const std::vector<uint32_t> batch = std::move(host_.script.front());
      host_.script.pop_front();
      if (batch.empty()) return {};
      std::vector<LocalActivityResult> results;
      for (const uint32_t seq : batch) {
        const auto call = std::find_if(running_.begin(), running_.end(), [&](const auto& c) { return c.seq == seq; });
        if (call == running_.end()) continue;
        results.push_back(Result(*call));
        running_.erase(call);
      }
      if (!results.empty()) return results;
    }
    std::vector<LocalActivityResult> results;
    for (const LocalActivityCall& call : std::exchange(running_, {})) results.push_back(Result(call));
    return results;
  }

 private:
  LocalActivityResult Result(const LocalActivityCall& call) const {
    return host_.ends ? host_.ends(call) : Ended(call, call.activity_type + std::to_string(call.seq));
  }

  ScriptedHost& host_;
  std::vector<LocalActivityCall> running_;
};

std::unique_ptr<LocalActivityRun> ScriptedHost::Open(const WorkflowInfo&) { return std::make_unique<Run>(*this); }

LocalActivityResult Ended(const LocalActivityCall& call, const std::string& text) {
  LocalActivityResult result;
  result.seq = call.seq;
  result.attempt = call.attempt;
  result.outcome = Encoded(text);
  result.runtime = std::chrono::milliseconds(100 * call.seq);
  return result;
}

LocalActivityResult EndedBadly(const LocalActivityCall& call, FailureMessage failure) {
  LocalActivityResult result = Ended(call, "");
  result.outcome = std::move(failure);
  return result;
}

LiveRun::LiveRun(const WorkflowRegistry& registry, size_t cache) : registry_(registry), options_(CachingOptions()) {
  options_.max_cached_runs = cache;
  options_.local_activities = &host;
  MoveToAnotherWorker();
}

void LiveRun::MoveToAnotherWorker() {
  handler_ = std::make_unique<WorkflowTaskHandler>(options_, registry_, NoFetcher());
  next_ = 1;
}

Completed LiveRun::Task() {
  history.OpenTask();
  const int64_t started = history.last_id();
  auto reply = handler_->Handle(history.TaskAt(started, next_));
  EXPECT_TRUE(reply.ok()) << reply.status();
  if (const auto* failed = std::get_if<Failed>(&*reply)) ADD_FAILURE() << failed->failure().message();
  auto completed = std::get<Completed>(*std::move(reply));
  history.Answered(completed);
  next_ = options_.max_cached_runs > 0 ? started + 1 : 1;
  return completed;
}

std::string LiveRun::ToTheEnd() {
  for (int tasks = 0; tasks < 20; ++tasks) {
    const Completed reply = Task();
    if (!reply.commands().empty() && reply.commands().rbegin()->has_complete_workflow_execution_command_attributes()) {
      return ResultText(reply);
    }
  }
  return "did not end";
}

void LiveRun::ExpectReplay() const {
  EXPECT_EQ(testing::Replayer(registry_).Replay(history.history()), absl::OkStatus());
  for (const auto& event : history.history().events()) {
    if (!event.has_workflow_task_started_event_attributes()) continue;
    api::history::v1::History part;
    for (int64_t i = 0; i < event.event_id(); ++i) *part.add_events() = history.history().events(static_cast<int>(i));
    EXPECT_EQ(testing::Replayer(registry_).Replay(part), absl::OkStatus()) << "up to event " << event.event_id();
  }
}

}  // namespace temporal::core
