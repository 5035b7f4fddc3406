#include "temporal/api/history/v1/message.pb.h"
#include "temporal/testing/replayer.h"
#include "tests/conformance/python/interop_fixture.h"

// Workflows of one side that use the other's activities and workflows, and the histories of one replayed by the other.
namespace temporal::interop {
namespace {

// The side whose workflow calls; the other side is called.
class Across : public PythonInterop, public ::testing::WithParamInterface<const char*> {
 protected:
  bool we_call() const { return GetParam() == std::string("ours"); }
  const std::string& caller() const { return we_call() ? ours() : theirs(); }
  const std::string& called() const { return we_call() ? theirs() : ours(); }
  Json Call(const char* kind, std::string_view type, const Json& more = Json::object()) const {
    Json request = {{"kind", kind}, {"type", type}, {"argument", "world"}, {"queue", called()}};
    request.update(more);
    return RunCall(request, caller());
  }
};

TEST_P(Across, an_activity_of_the_other) { EXPECT_EQ(Call("activity", kGreet.name), "hello world"); }

TEST_P(Across, an_activity_that_fails_for_good) {
  // Not tried again: it says itself that this is useless.
  const Json failed = {{"kind", "activity"}, {"cause", DescribeFailure(NestedFailure())}};
  EXPECT_EQ(Call("activity", kFailActivity.name), failed);
}

TEST_P(Across, an_activity_that_succeeds_the_third_time) { EXPECT_EQ(Call("activity", kThird.name), 3); }

TEST_P(Across, an_activity_without_attempts_left) {
  const Json failed = Call("activity", kThird.name, {{"attempts", 2}});
  EXPECT_EQ(failed.at("kind"), "activity");
  EXPECT_EQ(failed.at("cause").at("type"), "NotYet");
  EXPECT_EQ(failed.at("cause").at("non_retryable"), false);
}

TEST_P(Across, an_activity_that_is_cancelled_through_its_heartbeat) {
  // Python's worker drops the details of a cancellation.
  const Json details = we_call() ? Json::array() : Json::array({"while beating"});
  const Json cancelled = {{"kind", "cancelled"}, {"details", details}};
  EXPECT_EQ(Call("cancelled", kBeat.name), (Json{{"kind", "activity"}, {"cause", cancelled}}));
}

TEST_P(Across, an_activity_that_times_out) {
  const Json failed = Call("activity", kBeat.name, {{"seconds", 1}, {"attempts", 1}});
  const Json timeout = {{"kind", "timeout"}, {"timeout", "START_TO_CLOSE"}};
  EXPECT_EQ(failed.at("kind"), "activity");
  EXPECT_EQ(failed.at("cause"), timeout);
}

TEST_P(Across, a_header_passed_on_to_an_activity) {
  const Json request = {{"kind", "activity"}, {"type", kHeader.name}, {"argument", ""}, {"queue", called()}};
  StartOptions options;
  options.headers["trace"] = *ToPayload(std::string("passed on"));
  EXPECT_EQ(RunCall(request, caller(), options), "passed on");
}

TEST_P(Across, a_child_of_the_other) {
  EXPECT_EQ(Call("child", kEcho.name).at("word"), "world");
  const Json failed = {{"kind", "child"}, {"cause", DescribeFailure(NestedFailure())}};
  EXPECT_EQ(Call("child", kFail.name), failed);
}

TEST_P(Across, another_workflow_is_signalled_and_cancelled) {
  const std::string story = WeStart(kStory, StoryRequest(called()), {}, called());
  EXPECT_EQ(Call("signal", "", {{"argument", story}}), "sent");
  EXPECT_EQ(client().GetResult(kStory, story, 1min)->at("end"), "from afar");
  const std::string waiting = WeStart(kWait, std::string(), {}, called());
  EXPECT_EQ(Call("cancel", "", {{"argument", waiting}}), "sent");
  EXPECT_EQ(FailureIn(client().GetResult(kWait, waiting, 1min).status()).at("kind"), "cancelled");
  const Json nobody = Call("signal", "", {{"argument", "interop/nobody"}});
  EXPECT_EQ(nobody.at("kind"), "application");
}

// Ran on one side; the other replays it. While the update runs, nothing else does: which of two coroutines goes on
// first, when one task wakes both, is each SDK's own business.
TEST_P(Across, the_history_of_a_workflow_is_replayed_by_the_other) {
  const std::string id = WeStart(kStory, StoryRequest(called()), {}, caller());
  ASSERT_TRUE(UntilTold(id));
  EXPECT_EQ(*client().ExecuteUpdate(id, kAdd, 3), 3);
  EXPECT_FALSE(client().ExecuteUpdate(id, kAdd, -1).ok());
  EXPECT_FALSE(client().ExecuteUpdate(id, kAdd, 101).ok());
  ASSERT_EQ(client().Signal(id, kEnd, std::string("well")), absl::OkStatus());
  EXPECT_EQ(*client().GetResult(kStory, id, 1min), StoryTold(3));
  EXPECT_EQ(Ask("replay", {{"id", id}, {"history", JsonOf(server().History(id))}}), Value(nullptr));
  EXPECT_EQ(testing::Replayer(workflows()).ReplayExecution(client(), id), absl::OkStatus());
}

TEST_P(Across, the_server_keeps_nothing_readable) {
  if (!encrypted()) GTEST_SKIP() << "nothing is encrypted";
  StartOptions options;
  options.memo["note"] = *ToPayload(std::string("the reader's"));
  const std::string id = WeStart(kStory, StoryRequest(called()), options, caller());
  ASSERT_TRUE(UntilTold(id));
  EXPECT_EQ(FailureIn(client().ExecuteUpdate(id, kAdd, 101).status()), DescribeFailure(NestedFailure()));
  ASSERT_EQ(client().Signal(id, kEnd, std::string("well")), absl::OkStatus());
  EXPECT_EQ(*client().GetResult(kStory, id, 1min), StoryTold(0));
  const auto kept = server().History(id);
  ASSERT_TRUE(kept.ok()) << kept.status();
  const std::string bytes = kept->SerializeAsString();
  for (const char* word : {"reader", "hello", "well", "outer", "inner"}) {
    EXPECT_EQ(bytes.find(word), std::string::npos) << word;
  }
}

TEST_P(Across, a_replay_of_other_code_is_seen_by_both) {
  const std::string id = WeStart(
      kCall, Json{{"kind", "activity"}, {"type", kGreet.name}, {"argument", "x"}, {"queue", called()}}, {}, caller());
  ASSERT_TRUE(client().GetResult(kCall, id, 1min).ok());
  auto history = client().History(id);
  ASSERT_TRUE(history.ok()) << history.status();
  for (auto& event : *history->mutable_events()) {
    if (!event.has_activity_task_scheduled_event_attributes()) continue;
    event.mutable_activity_task_scheduled_event_attributes()->mutable_activity_type()->set_name("another");
  }
  const std::string json = JsonOf(history);
  EXPECT_EQ(Ask("replay", {{"id", id}, {"history", json}}).at("failure").at("kind"), "NondeterminismError");
  EXPECT_EQ(testing::Replayer(workflows()).ReplayJson(json).code(), absl::StatusCode::kFailedPrecondition);
}

INSTANTIATE_TEST_SUITE_P(Side, Across, ::testing::Values("ours", "theirs"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace temporal::interop
