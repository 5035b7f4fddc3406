#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>

#include "nlohmann/json.hpp"
#include "temporal/core/workflow_machines.h"

// The engine without a workflow: the test itself answers the activations, as sdk-core's test of these histories does.
namespace temporal::core {
namespace {

namespace enums = api::enums::v1;
using Names = std::vector<std::string>;

struct Recorded {
  std::string name;
  std::string workflow;
  std::vector<Names> activations;
  api::history::v1::History history;
};

std::vector<Recorded> ReadAll() {
  const std::string base = SDK_CORE_HISTORIES "/la_replay_without_activation_index";
  std::ifstream json(base + ".json"), binary(base + ".bin", std::ios::binary);
  google::protobuf::io::IstreamInputStream stream(&binary);
  std::vector<Recorded> all;
  for (const auto& each : nlohmann::json::parse(json)) {
    Recorded& recorded = all.emplace_back();
    recorded.name = each.at("name");
    recorded.workflow = each.at("workflow");
    recorded.activations = each.at("activations").get<std::vector<Names>>();
    bool end = false;
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&recorded.history, &stream, &end)) return {};
  }
  return all;
}

std::string NameOf(const Job& job) {
  if (std::holds_alternative<InitializeJob>(job)) return "init";
  if (std::holds_alternative<SignalJob>(job)) return "signal";
  if (const auto* activity = std::get_if<ActivityJob>(&job)) return "act-" + std::to_string(activity->seq);
  if (const auto* local = std::get_if<LocalActivityJob>(&job)) return "la-" + std::to_string(local->seq);
  return "another job";
}

Request Local(uint32_t seq, const std::string& id) {
  LocalActivityCall call;
  call.seq = seq;
  call.activity_id = id;
  call.activity_type = "default_act_type";
  return ScheduleLocalActivity{std::move(call)};
}

Request Complete() {
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION);
  command.mutable_complete_workflow_execution_command_attributes();
  return Close{std::move(command)};
}

class Code {
 public:
  virtual ~Code() = default;
  virtual std::vector<Request> Activate(const Names& jobs) = 0;
};

// Local activities 1 and 2 and activity 3; does something when 1 has ended, and completes when 2 has.
class OnFirstResult : public Code {
 public:
  explicit OnFirstResult(std::string what) : what_(std::move(what)) {}
  std::vector<Request> Activate(const Names& jobs) override {
    std::vector<Request> requests;
    if (jobs == Names{"init"}) {
      requests = {Local(1, "la-1"), Local(2, "la-2")};
      ScheduleActivity activity{3, {}, ActivityCancellation::kTryCancel};
      activity.command.set_command_type(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK);
      auto& attributes = *activity.command.mutable_schedule_activity_task_command_attributes();
      attributes.set_activity_id("act-3");
      attributes.mutable_activity_type()->set_name("default_act_type");
      requests.push_back(std::move(activity));
    } else if (jobs == Names{"la-1"}) {
      if (what_ == "CancelLaThenActivity") requests.push_back(CancelLocalActivity{2});
      if (what_ != "Nothing") requests.push_back(CancelActivity{3});
    } else if (std::find(jobs.begin(), jobs.end(), "la-2") != jobs.end()) {
      requests.push_back(Complete());
    }
    return requests;
  }

 private:
  const std::string what_;
};

// Three pieces of work; while some are left after others have ended, another local activity comes in between.
class FanOut : public Code {
 public:
  std::vector<Request> Activate(const Names& jobs) override {
    std::vector<Request> requests;
    for (const std::string& job : jobs) {
      if (job == "init") {
        left_ = 3;
        for (int i = 1; i <= 3; ++i) requests.push_back(Next("work-" + std::to_string(i)));
        continue;
      }
      const std::string ended = running_.extract(job).mapped();
      if (ended == "finish") {
        requests.push_back(Complete());
      } else if (ended == "expired") {
        expiring_ = false;
      } else {
        ++done_;
      }
    }
    if (expiring_ || done_ == 0) return requests;
    left_ -= std::exchange(done_, 0);
    expiring_ = left_ > 0;
    requests.push_back(Next(expiring_ ? "expired" : "finish"));
    return requests;
  }

 private:
  Request Next(const std::string& id) {
    running_.emplace("la-" + std::to_string(++seq_), id);
    return Local(seq_, id);
  }

  std::map<std::string, std::string> running_;
  uint32_t seq_ = 0;
  int left_ = 0;
  int done_ = 0;
  bool expiring_ = false;
};

class NothingToFetch : public HistoryFetcher {
 public:
  absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
      const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest&) override {
    return absl::DataLossError("the history is whole");
  }
};

absl::StatusOr<std::vector<Names>> Replay(const api::history::v1::History& history, Code& code) {
  api::workflowservice::v1::PollWorkflowTaskQueueResponse task;
  *task.mutable_history() = history;
  for (const auto& event : history.events()) {
    if (event.has_workflow_task_started_event_attributes()) task.set_started_event_id(event.event_id());
  }
  NothingToFetch fetcher;
  WorkflowMachines machines("default", "run", SilentObserver());
  machines.NewTask(HistoryReader(fetcher, "default", task, /*from_start=*/false), task.started_event_id(), {});
  std::vector<Names> activations;
  while (true) {
    const auto more = machines.ApplyNextChunk();
    if (!more.ok()) return more.status();
    if (!*more) return activations;
    while (machines.has_jobs()) {
      Names names;
      for (const Job& job : machines.TakeJobs()) names.push_back(NameOf(job));
      absl::Status status = machines.ApplyRequests(code.Activate(names));
      activations.push_back(std::move(names));
      if (!status.ok()) return status;
    }
  }
}

TEST(LocalActivityActivations, are_those_of_sdk_core) {
  const std::vector<Recorded> all = ReadAll();
  ASSERT_EQ(all.size(), 69u);
  for (const Recorded& recorded : all) {
    std::unique_ptr<Code> code = std::make_unique<OnFirstResult>(recorded.workflow);
    if (recorded.workflow == "Fanout") code = std::make_unique<FanOut>();
    const auto activations = Replay(recorded.history, *code);
    ASSERT_TRUE(activations.ok()) << recorded.name << ": " << activations.status();
    EXPECT_EQ(*activations, recorded.activations) << recorded.name;
  }
}

}  // namespace
}  // namespace temporal::core
