#include "tests/conformance/random/driver.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "temporal/client/client.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/testing/replayer.h"
#include "temporal/worker/worker.h"
#include "tests/conformance/random/wire.h"
#include "tests/conformance/random/workflow.h"

namespace temporal::random {

using namespace std::chrono_literals;
namespace enums = api::enums::v1;

namespace {

constexpr char kId[] = "program";
constexpr char kQueue[] = "queue";
constexpr Duration kRealLimit = 60s;
using Seen = std::map<std::string, std::set<std::string>>;

// Keeps what workers say of failed workflow tasks: only the first attempt's failure gets into history.
class FailedTasks : public Observer {
 public:
  void Log(LogLevel level, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    if (level == LogLevel::kError && first_.empty()) first_ = message;
  }
  std::string first() const {
    const std::lock_guard lock(mutex_);
    return first_;
  }

 private:
  mutable std::mutex mutex_;
  std::string first_;
};

class Trial {
 public:
  Trial(const Recipe& recipe, const Setup& setup)
      : recipe_(recipe), setup_(setup), program_(Make(recipe)), dice_(recipe.seed * 31 + setup.moments) {
    testing::FakeServiceOptions options;
    options.page_size = setup.page_size;
    service_ = std::make_shared<testing::FakeService>(options);
    client_ = std::make_shared<Client>(service_);
  }

  std::string Go() {
    Traces::Instance().RecordReplays(false);
    Traces::Instance().Take();
    StartWorker();
    Position start;
    start.recipe = recipe_;
    const auto started = client_->Start(kProgram, start.Text(), StartOptions(kId, kQueue));
    if (!started.ok()) return absl::StrCat("start: ", started.status().ToString());
    std::string problem = Drive();
    worker_.reset();
    callers_.clear();
    if (problem.empty()) problem = CheckResult();
    if (problem.empty()) problem = CheckHistories();
    if (!problem.empty()) absl::StrAppend(&problem, "\n", Describe(*program_));
    return problem;
  }

 private:
  void StartWorker() {
    wire_ = std::make_shared<Wire>(service_, setup_.lost_answers ? 8 : 0, dice_.Next());
    WorkerOptions options(kQueue);
    options.identity = absl::StrCat("worker-", ++workers_);
    options.sticky_cache_size = setup_.cache;
    options.graceful_shutdown = Duration(0);
    options.timers = std::make_shared<FastTimers>();
    options.deadlock_detection_timeout = Duration(0);  // its second would be one of the fast ones
    options.observer = failed_tasks_;
    worker_ = *Worker::Create(std::make_shared<Client>(wire_), Workflows(), Activities(), options);
    worker_->Start().IgnoreError();
  }

  bool Open() {
    const auto description = client_->Describe(kId);
    return description.ok() && description->summary.status == WorkflowStatus::kRunning;
  }

  std::string Drive() {
    const auto until = std::chrono::steady_clock::now() + kRealLimit;
    for (int step = 0; Open(); ++step) {
      if (std::string failed = failed_tasks_->first(); !failed.empty()) {
        return absl::StrCat(failed, LastEvents(service_->History(kId), 500));
      }
      if (std::chrono::steady_clock::now() > until) {
        return absl::StrCat("hangs; the last events: ", LastEvents(service_->History(kId), 12));
      }
      if (dice_.Chance(60)) Act();
      // What was lost never ends: wait a little only, but longer when the machine seems to be slow.
      const Duration patience =
          setup_.kills || setup_.lost_answers || setup_.restarts ? std::min<Duration>(1s, step * 500us) : 1s;
      if (dice_.Chance(70)) service_->WaitIdle(/*activities_too=*/true, patience);
      constexpr Duration kSteps[] = {0ms, 1ms, 10ms, 100ms, 1s, 5s, 10s, 1min, 10min};
      service_->Advance(kSteps[dice_.Below(step < 50 ? 7 : 9)]);
    }
    return {};
  }

  void Act() {
    const int what = dice_.Below(100);
    if (what < 25) {
      client_->Signal(kId, kPoke, static_cast<int64_t>(dice_.Below(100))).IgnoreError();
    } else if (what < 55) {
      const int64_t n = dice_.Chance(25) ? -1 : dice_.Below(100);
      const UpdateStage stage = dice_.Chance(50) ? UpdateStage::kAccepted : UpdateStage::kCompleted;
      Call([this, n, stage] {
        UpdateOptions options(20s);
        options.wait_for = stage;
        client_->Update(kId, kToken, n, options).status().IgnoreError();
      });
    } else if (what < 65) {
      Call([this] { client_->Query(kId, kTrace, Nothing{}, 200ms).status().IgnoreError(); });
    } else if (what < 80) {
      if (setup_.evictions) worker_->EvictAll();
    } else if (what < 90) {
      if (!setup_.kills) return;
      wire_->Cut();
      worker_.reset();
      StartWorker();
    } else if (what < 92) {
      if (setup_.cancel) client_->Cancel(kId, "by the client").IgnoreError();
    } else if (what < 96) {
      if (setup_.restarts) wire_->Interrupt();
    }
  }

  template <class F>
  void Call(F function) {
    if (callers_.size() > 30) return;
    callers_.emplace_back(std::move(function));
  }

  std::string CheckResult() {
    if (recipe_.racy || setup_.cancel) return {};
    const auto result = client_->GetResult(kProgram, kId, 5s);
    if (!result.ok()) return absl::StrCat("ended with ", result.status().ToString());
    const int64_t expected = Expected(*program_);
    // The root's own value is not part of the sum.
    if (*result == expected - program_->value) return {};
    return absl::StrCat("result ", *result, ", expected ", expected - program_->value);
  }

  std::string CheckHistories() {
    const Seen live = Traces::Instance().Take();
    Traces::Instance().RecordReplays(true);
    const WorkflowRegistry workflows = Workflows();
    testing::Replayer replayer(workflows);
    const auto page = client_->List("", 1000);
    if (!page.ok()) return page.status().ToString();
    for (const WorkflowSummary& run : page->workflows) {
      const auto history = client_->History(Execution(run.workflow_id, run.run_id));
      if (!history.ok()) return absl::StrCat("history: ", history.status().ToString());
      if (std::string problem = CheckHistory(replayer, *history, run, live); !problem.empty()) {
        return absl::StrCat("run ", run.run_id, " of ", run.workflow_id, ": ", problem, "\n",
                            LastEvents(*history, 500));
      }
    }
    return {};
  }

  std::string CheckHistory(testing::Replayer& replayer, const api::history::v1::History& history,
                           const WorkflowSummary& run, const Seen& live) {
    for (const auto& event : history.events()) {
      const auto& failed = event.workflow_task_failed_event_attributes();
      if (event.has_workflow_task_failed_event_attributes() &&
          failed.cause() != enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND) {
        return absl::StrCat("task failed: ", failed.failure().message());
      }
    }
    if (absl::Status status = replayer.Replay(history); !status.ok()) return status.ToString();
    const Seen replayed = Traces::Instance().Take();
    const auto before = live.find(run.run_id);
    const auto now = replayed.find(run.run_id);
    const bool by_command = run.status != WorkflowStatus::kRunning && run.status != WorkflowStatus::kTerminated;
    if (by_command && (before == live.end() || now == replayed.end())) return "its end was not seen";
    if (by_command && !before->second.contains(*now->second.begin())) {
      return absl::StrCat("saw live\n", *before->second.rbegin(), "but on replay\n", *now->second.begin());
    }
    // As of a run that still goes on.
    for (int cut = 1; cut < history.events_size(); ++cut) {
      if (!history.events(cut - 1).has_workflow_task_started_event_attributes() || dice_.Chance(60)) continue;
      api::history::v1::History part;
      part.mutable_events()->Add(history.events().begin(), history.events().begin() + cut);
      if (absl::Status status = replayer.Replay(part); !status.ok()) {
        return absl::StrCat("the first ", cut, " events: ", status.ToString());
      }
    }
    Traces::Instance().Take();
    return {};
  }

  static std::string LastEvents(const api::history::v1::History& history, int count) {
    std::string text;
    for (int i = std::max(0, history.events_size() - count); i < history.events_size(); ++i) {
      const auto& event = history.events(i);
      absl::StrAppend(&text, "\n", event.event_id(), " ", enums::EventType_Name(event.event_type()).substr(11));
    }
    return text;
  }

  const Recipe recipe_;
  const Setup setup_;
  const std::unique_ptr<Node> program_;
  Dice dice_;
  std::shared_ptr<testing::FakeService> service_;
  std::shared_ptr<Client> client_;
  std::shared_ptr<Wire> wire_;
  const std::shared_ptr<FailedTasks> failed_tasks_ = std::make_shared<FailedTasks>();
  std::unique_ptr<Worker> worker_;
  std::vector<std::jthread> callers_;
  int workers_ = 0;
};

}  // namespace

std::string Setup::Text() const {
  return absl::StrCat(cache, "/", page_size, "/", evictions ? 1 : 0, "/", kills ? 1 : 0, "/", lost_answers ? 1 : 0, "/",
                      restarts ? 1 : 0, "/", cancel ? 1 : 0, "/", moments);
}

Setup Setup::Parse(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  Setup setup;
  setup.cache = std::atoi(parts.at(0).c_str());
  setup.page_size = std::atoi(parts.at(1).c_str());
  setup.evictions = parts.at(2) == "1";
  setup.kills = parts.at(3) == "1";
  setup.lost_answers = parts.at(4) == "1";
  setup.restarts = parts.at(5) == "1";
  setup.cancel = parts.at(6) == "1";
  setup.moments = std::strtoull(parts.at(7).c_str(), nullptr, 10);
  return setup;
}

std::string Try(const Recipe& recipe, const Setup& setup) { return Trial(recipe, setup).Go(); }

}  // namespace temporal::random
