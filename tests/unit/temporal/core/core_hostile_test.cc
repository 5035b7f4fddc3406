#include <functional>

#include "temporal/core/flags.h"
#include "temporal/core/history/local_activity_marker.h"
#include "temporal/testing/replayer.h"
#include "tests/unit/temporal/core/harness.h"

// Histories that were cut, changed, or are not ours: always a clear error of the task, whichever way they come.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using History = api::history::v1::History;
using Code = absl::StatusCode;

constexpr WorkflowRef<Nothing, std::string> kMain{"main"};
constexpr ActivityRef<std::string, std::string> kStep{"step"};

Task<std::string> Flow(Context ctx, Nothing) {
  std::string done = co_await ctx.Execute(kStep, std::string("x"), ActivityOptions(10s));
  co_await ctx.Sleep(1s);
  co_return done + co_await ctx.Execute(kStep, std::string("y"), ActivityOptions(10s));
}

HistoryBuilder Recorded() {
  HistoryBuilder history("main");
  history.Task();
  history.ActivityDone(history.ActivityScheduled("1", "step"), Encoded<std::string>("a"));
  history.Task();
  history.TimerFired(history.TimerStarted("1"));
  history.Task();
  history.ActivityDone(history.ActivityScheduled("2", "step"), Encoded<std::string>("b"));
  history.Task();
  history.Completed();
  return history;
}

class HostileHistory : public ::testing::Test {
 protected:
  HostileHistory() { registry_.AddFunction(kMain, Flow); }
  absl::Status Replay(const History& history) { return testing::Replayer(registry_).Replay(history); }
  absl::Status Changed(const std::function<void(History&)>& change) {
    History history = Recorded().history();
    change(history);
    return Replay(history);
  }
  WorkflowRegistry registry_;
};

void Remove(History& history, int index) { history.mutable_events()->DeleteSubrange(index, 1); }

TEST_F(HostileHistory, TheOriginalReplays) { EXPECT_EQ(Replay(Recorded().history()), absl::OkStatus()); }

TEST_F(HostileHistory, AnotherFirstEvent) {
  EXPECT_EQ(Replay(History()).code(), Code::kInvalidArgument);
  EXPECT_EQ(Changed([](History& h) { Remove(h, 0); }).code(), Code::kInvalidArgument);
  EXPECT_EQ(Changed([](History& h) { h.mutable_events()->SwapElements(0, 1); }).code(), Code::kInvalidArgument);
  EXPECT_EQ(Changed([](History& h) { h.mutable_events(0)->set_event_id(2); }).code(), Code::kDataLoss);
  EXPECT_EQ(Changed([](History& h) {
              h.mutable_events(0)->mutable_workflow_execution_started_event_attributes()->clear_workflow_type();
            }).code(),
            Code::kUnimplemented);
}

// Found by history_edit_fuzz: a second start destroyed the workflow under its coroutines.
TEST_F(HostileHistory, OnlyTheFirstEventStarts) {
  for (int i = 1; i < Recorded().history().events_size(); ++i) {
    const absl::Status status = Changed([&](History& h) {
      *h.mutable_events(i) = h.events(0);
      h.mutable_events(i)->set_event_id(i + 1);
    });
    EXPECT_EQ(status.code(), Code::kDataLoss) << i + 1;
  }
  WorkflowTaskHandler handler(CachingOptions(), registry_, NoFetcher());
  HistoryBuilder history("main");
  history.OpenTask();
  PolledTask task = history.TaskAt();
  task.mutable_history()->mutable_events(0)->set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
  task.mutable_history()->mutable_events(0)->mutable_workflow_execution_signaled_event_attributes();
  const auto reply = handler.Handle(task);
  ASSERT_TRUE(std::holds_alternative<Failed>(*reply));
  EXPECT_THAT(std::get<Failed>(*reply).failure().message(), HasSubstr("WorkflowExecutionStarted"));
}

TEST_F(HostileHistory, AnEventIsMissing) {
  for (int i = 1; i < Recorded().history().events_size() - 1; ++i) {
    const absl::Status status = Changed([&](History& h) { Remove(h, i); });
    EXPECT_FALSE(status.ok()) << "without event " << i + 1;
    EXPECT_THAT(status.code(), AnyOf(Code::kDataLoss, Code::kFailedPrecondition)) << i + 1 << ": " << status;
  }
}

TEST_F(HostileHistory, AnEventIsThereTwice) {
  const int size = Recorded().history().events_size();
  for (int i = 0; i < size - 1; ++i) {
    const absl::Status status = Changed([&](History& h) {
      *h.add_events() = h.events(i);
      for (int at = h.events_size() - 1; at > i + 1; --at) h.mutable_events()->SwapElements(at, at - 1);
    });
    // Between two tasks it is taken for an overlap of pages.
    EXPECT_THAT(status.code(), AnyOf(Code::kOk, Code::kDataLoss)) << "event " << i + 1 << ": " << status;
  }
}

TEST_F(HostileHistory, EventsAreExchangedAndRenumbered) {
  const int size = Recorded().history().events_size();
  for (int i = 1; i + 1 < size; ++i) {
    // Whatever the engine makes of it, it must say so or replay it; ids are as they should be.
    Changed([&](History& h) {
      h.mutable_events()->SwapElements(i, i + 1);
      for (int at = 0; at < size; ++at) h.mutable_events(at)->set_event_id(at + 1);
    }).IgnoreError();
  }
}

TEST_F(HostileHistory, CutOffAnywhereItIsARunThatGoesOn) {
  for (int left = Recorded().history().events_size() - 1; left > 0; --left) {
    const absl::Status status =
        Changed([&](History& h) { h.mutable_events()->DeleteSubrange(left, h.events_size() - left); });
    // Behind a completed task there is what it asked for: without that, code and history disagree.
    const auto type = Recorded().history().events(left - 1).event_type();
    const Code expected = type == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED ? Code::kFailedPrecondition : Code::kOk;
    EXPECT_EQ(status.code(), expected) << left << " events: " << status;
  }
}

TEST_F(HostileHistory, AttributesThatDoNotFitTheType) {
  const int size = Recorded().history().events_size();
  for (int i = 1; i < size; ++i) {
    Changed([&](History& h) { h.mutable_events(i)->clear_attributes(); }).IgnoreError();
    Changed([&](History& h) { h.mutable_events(i)->set_event_type(enums::EVENT_TYPE_TIMER_FIRED); }).IgnoreError();
    Changed([&](History& h) {
      h.mutable_events(i)->mutable_activity_task_completed_event_attributes()->set_scheduled_event_id(1'000'000);
    }).IgnoreError();
  }
}

TEST_F(HostileHistory, UnknownTypesOnlyWhereTheyMayBeIgnored) {
  const auto with = [&](bool may_ignore) {
    HistoryBuilder history("main");
    auto& event = history.Add(static_cast<enums::EventType>(4711));
    event.set_worker_may_ignore(may_ignore);
    history.Task();
    return Replay(history.history());
  };
  EXPECT_FALSE(with(true).ok()) << "the first activity is missing";
  EXPECT_EQ(with(true).code(), Code::kFailedPrecondition);
  EXPECT_EQ(with(false).code(), Code::kDataLoss);
  EXPECT_THAT(std::string(with(false).message()), HasSubstr("event 2 is of an unknown type"));
}

TEST_F(HostileHistory, FlagsOfALaterEngine) {
  const auto with = [&](uint32_t flag) {
    return Changed([&](History& h) {
      for (auto& event : *h.mutable_events()) {
        if (!event.has_workflow_task_completed_event_attributes()) continue;
        event.mutable_workflow_task_completed_event_attributes()->mutable_sdk_metadata()->add_core_used_flags(flag);
        return;
      }
    });
  };
  EXPECT_EQ(with(static_cast<uint32_t>(EngineFlag::kNexusChecks)), absl::OkStatus()) << "sdk-core writes it always";
  EXPECT_EQ(with(4711).code(), Code::kDataLoss);
  EXPECT_THAT(std::string(with(4711).message()), HasSubstr("SDK flag 4711"));
}

TEST_F(HostileHistory, TimesAndPayloadsOutOfAllBounds) {
  Changed([](History& h) {
    for (auto& event : *h.mutable_events()) {
      event.mutable_event_time()->set_seconds(INT64_MAX);
      event.mutable_event_time()->set_nanos(-1);
    }
  }).IgnoreError();
  const absl::Status status = Changed([](History& h) {
    for (auto& event : *h.mutable_events()) {
      if (!event.has_activity_task_completed_event_attributes()) continue;
      event.mutable_activity_task_completed_event_attributes()->mutable_result()->Clear();
    }
  });
  EXPECT_FALSE(status.ok()) << "a result that is missing";
}

TEST(HostileJson, WhatIsNoHistoryIsRefused) {
  const auto deep = [](size_t levels) {
    return R"({"events":)" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  for (const std::string& json : {std::string(), std::string("{"), std::string("[]x"), std::string(R"({"events":7})"),
                                  std::string(R"({"events":[7]})"), std::string(R"({"events":[{"eventId":"x"}]})"),
                                  std::string("{\"events\":[\"\xff\"]}"), deep(1000), deep(1'000'000)}) {
    EXPECT_EQ(testing::ParseHistoryJson(json).status().code(), Code::kInvalidArgument) << json.substr(0, 40);
  }
}

TEST(HostileMarkers, WhatIsInThemIsNotTrusted) {
  HistoryEvent event;
  auto& marker = *event.mutable_marker_recorded_event_attributes();
  const auto set = [&](const char* key, const char* data) {
    marker.mutable_details()->clear();
    (*marker.mutable_details())[key].add_payloads()->set_data(data);
  };
  marker.set_marker_name(kPatchMarkerName);
  for (const char* data : {"7", "{", "{}", R"({"id":7})", R"({"deprecated":"x"})"}) {
    set("patch-data", data);
    EXPECT_FALSE(PatchMarkerOf(event)) << data;
  }
  set("patch-data", R"({"id":"p","deprecated":"x"})");
  EXPECT_FALSE(PatchMarkerOf(event)->deprecated);
  marker.set_marker_name(kLocalActivityMarkerName);
  for (const char* data : {"7", "{", "{}", R"({"seq":"x"})", R"({"seq":1,"attempt":[]})",
                           R"({"seq":1,"backoff":{"seconds":"x"}})", R"({"seq":1,"activation_index":{}})"}) {
    set(kLocalActivityDataKey, data);
    EXPECT_FALSE(LocalActivityMarkerOf(event)) << data;
  }
  set(kLocalActivityDataKey, R"({"seq":1,"backoff":{"seconds":9223372036854775807,"nanos":-1}})");
  EXPECT_GT(LocalActivityMarkerOf(event)->backoff, std::chrono::hours(1'000'000));
}

TEST(HostilePages, EndlessEmptyPagesEnd) {
  class Endless : public HistoryFetcher {
   public:
    absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
        const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest&) override {
      api::workflowservice::v1::GetWorkflowExecutionHistoryResponse page;
      page.set_next_page_token("more");
      return page;
    }
  } endless;
  WorkflowRegistry registry;
  registry.AddFunction(kMain, Flow);
  WorkflowTaskHandler handler(CachingOptions(), registry, endless);
  HistoryBuilder history("main");
  history.OpenTask();
  const auto reply = handler.Handle(history.TaskAt(0, 3));
  ASSERT_TRUE(reply.ok());
  EXPECT_THAT(std::get<Failed>(*reply).failure().message(), HasSubstr("empty page"));
}

}  // namespace
}  // namespace temporal::core
