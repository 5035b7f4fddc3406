#pragma once

#include <string>
#include <vector>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/converter/payload.h"
#include "temporal/testing/history_builder.h"

// Histories that fit the workflows of workflows.h: what fuzzing begins with.
namespace temporal::fuzz {

inline const std::vector<api::history::v1::History>& Histories() {
  static const auto& histories = *[] {
    using testing::HistoryBuilder;
    auto* all = new std::vector<api::history::v1::History>();
    const auto text = [](const std::string& value) { return *ToPayload(value); };
    Payloads input;
    *input.add_payloads() = text("x");
    {
      HistoryBuilder h("steps", input);
      h.Task();
      h.Patched("patch");
      h.ChangeVersionUpserted();
      const int64_t activity = h.ActivityScheduled("1", "activity");
      h.ActivityDone(activity, text("done"));
      h.Task();
      const int64_t timer = h.TimerStarted("1");
      h.TimerFired(timer);
      h.Task();
      h.MemoModified();
      core::LocalActivityMarker marker;
      marker.seq = 1;
      marker.activity_id = "2";
      marker.activity_type = "activity";
      marker.activation_index = 1;
      marker.result = text("local");
      h.LocalActivityEnded(marker);
      const int64_t child = h.ChildInitiated("child", "child");
      h.ChildStarted(child, "run");
      h.Task();
      h.ChildCompleted(child, text("grown"));
      h.Task();
      h.Completed();
      all->push_back(h.history());
    }
    {
      HistoryBuilder h("race", input);
      h.Task();
      const int64_t first = h.ActivityScheduled("1", "activity");
      const int64_t second = h.ActivityScheduled("2", "activity");
      const int64_t timer = h.TimerStarted("1");
      h.ActivityStarted(first);
      h.ActivityFailed(first, "no", "UNAVAILABLE");
      h.Signaled("signal", input);
      h.TimerFired(timer);
      h.ActivityTimedOut(second);
      h.CancelRequested();
      h.TaskScheduled();
      h.TaskStarted();
      h.TaskFailed(api::enums::v1::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, "new-run");
      h.Task();
      h.ActivityCancelRequested(second);
      h.Failed();
      all->push_back(h.history());
    }
    {
      HistoryBuilder h("messages", input);
      h.Signaled("signal", input);
      h.Task();
      h.UpdateRequested("u", "update", input);
      h.Task();
      h.UpdateAccepted("u");
      const int64_t activity = h.ActivityScheduled("1", "activity");
      h.ActivityDone(activity, text("done"));
      h.Task();
      h.UpdateCompleted("u");
      h.Signaled("signal", input);
      h.Signaled("signal", input);
      h.Task();
      h.Completed();
      all->push_back(h.history());
    }
    return all;
  }();
  return histories;
}

}  // namespace temporal::fuzz
