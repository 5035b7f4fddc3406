#include "temporal/api/sdk/v1/workflow_metadata.pb.h"
#include "temporal/common/builtin_queries.h"
#include "tests/conformance/python/interop_fixture.h"

// Our client and workflows of the Python SDK.
namespace temporal::interop {
namespace {

class OurClient : public PythonInterop {};

TEST_F(OurClient, starts_signals_queries_and_updates_theirs) {
  const std::string id = WeStart(kStory, StoryRequest(theirs()));
  EXPECT_EQ(*client().ExecuteUpdate(id, kAdd, 5), 5);
  const auto rejected = client().ExecuteUpdate(id, kAdd, -1);
  const Json negative = FailureIn(rejected.status());
  EXPECT_EQ(negative.at("type"), "Negative");
  EXPECT_EQ(negative.at("details"), Json::array({-1}));
  EXPECT_EQ(FailureIn(client().ExecuteUpdate(id, kAdd, 101).status()), DescribeFailure(NestedFailure()));
  ASSERT_EQ(client().Signal(id, kEnd, std::string("well")), absl::OkStatus());
  EXPECT_EQ(*client().GetResult(kStory, id, 1min), StoryTold(5));
  EXPECT_EQ(*client().Query(id, kTold, Nothing()), 5);
  const auto angry = client().Query(id, kAngry, std::string("way"));
  EXPECT_EQ(angry.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(angry.status().message()), ::testing::HasSubstr(NoWay()));
  const auto described = client().Describe(id);
  ASSERT_TRUE(described.ok()) << described.status();
  EXPECT_EQ(*FromPayload<int>(described->summary.memo.at("chapter")), 2);
  EXPECT_EQ(*FromPayload<std::string>(described->summary.search_attributes.at(std::string(kKeyword))), "told");
}

TEST_F(OurClient, starts_theirs_with_a_signal_or_an_update) {
  const StartOptions signalled(NewId(), theirs());
  ASSERT_TRUE(client().SignalWithStart(kStory, StoryRequest(theirs()), kEnd, std::string("well"), signalled).ok());
  EXPECT_EQ(*client().GetResult(kStory, signalled.id, 1min), StoryTold(0));
  StartOptions updated(NewId(), theirs());
  updated.conflict = IdConflictPolicy::kUseExisting;
  for (const int total : {7, 14}) {
    const auto asked = client().UpdateWithStart(kStory, StoryRequest(theirs()), kAdd, 7, updated);
    ASSERT_TRUE(asked.ok()) << asked.status();
    EXPECT_EQ(*client().GetResult(asked->update, 1min), total);
    EXPECT_EQ(asked->started.started, total == 7);
  }
  ASSERT_EQ(client().Signal(updated.id, kEnd, std::string("well")), absl::OkStatus());
  EXPECT_EQ(*client().GetResult(kStory, updated.id, 1min), StoryTold(14));
}

TEST_F(OurClient, memo_search_attributes_and_headers_reach_theirs) {
  StartOptions options;
  options.memo["note"] = *ToPayload(std::string("kept"));
  options.search_attributes[std::string(kKeyword)] = *ToPayload(std::string("seen"));
  options.headers["trace"] = *ToPayload(std::string("c++"));
  const std::string id = WeStart(kEcho, std::string("word"), options);
  const Json echo = {{"word", "word"}, {"memo", "kept"}, {"keyword", "seen"}, {"trace", "c++"}};
  EXPECT_EQ(*client().GetResult(kEcho, id, 1min), echo);
}

TEST_F(OurClient, sees_the_failures_of_theirs_with_details_and_causes) {
  const auto failed = client().GetResult(kFail, WeStart(kFail, std::string()), 1min);
  EXPECT_EQ(FailureIn(failed.status()), DescribeFailure(NestedFailure()));
  EXPECT_EQ(FailureType(failed.status()), "Inner");
}

TEST_F(OurClient, cancels_and_terminates_theirs) {
  const std::string cancelled = WeStart(kWait, std::string());
  ASSERT_EQ(client().Cancel(cancelled, "enough"), absl::OkStatus());
  EXPECT_EQ(FailureIn(client().GetResult(kWait, cancelled, 1min).status()).at("kind"), "cancelled");
  const std::string terminated = WeStart(kWait, std::string());
  ASSERT_EQ(client().Terminate(terminated, "enough"), absl::OkStatus());
  EXPECT_EQ(FailureIn(client().GetResult(kWait, terminated, 1min).status()).at("kind"), "terminated");
}

TEST_F(OurClient, an_update_asked_for_twice_runs_once) {
  const std::string id = WeStart(kStory, StoryRequest(theirs()));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(*client().ExecuteUpdate(id, kAdd, 5, UpdateOptions().WithId("mine")), 5);
  EXPECT_EQ(*client().ExecuteUpdate(id, kAdd, 5), 10);
  ASSERT_EQ(client().Terminate(id, "enough"), absl::OkStatus());
}

TEST_F(OurClient, asks_theirs_what_it_is_and_where_it_stands) {
  const std::string id = WeStart(kStory, StoryRequest(theirs()));
  const auto metadata = client().Query(id, kWorkflowMetadataQuery, Nothing());
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->definition().type(), kStory.name);
  ASSERT_EQ(metadata->definition().update_definitions_size(), 1);
  EXPECT_EQ(metadata->definition().update_definitions(0).name(), kAdd.name);
  EXPECT_THAT(client().Query(id, kStackTraceQuery, Nothing()).value_or("no"),
              ::testing::HasSubstr(std::string(kStory.name)));
  ASSERT_EQ(client().Terminate(id, "enough"), absl::OkStatus());
}

TEST_F(OurClient, queries_that_do_not_fit) {
  const std::string id = WeStart(kStory, StoryRequest(theirs()));
  const auto as_text = client().Query(id, QueryRef<Nothing, std::string>(kTold.name), Nothing());
  EXPECT_EQ(as_text.status().code(), absl::StatusCode::kInvalidArgument) << as_text.status();
  const auto unknown = client().Query(id, QueryRef<Nothing, int>("nothing"), Nothing());
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument) << unknown.status();
  ASSERT_EQ(client().Terminate(id, "enough"), absl::OkStatus());
}

TEST_F(OurClient, a_query_that_nobody_answers) {
  const std::string id = WeStart(kWait, std::string(), {}, "nobody-" + theirs());
  const auto told = client().Query(id, kTold, Nothing(), 2s);
  EXPECT_EQ(told.status().code(), absl::StatusCode::kDeadlineExceeded) << told.status();
  ASSERT_EQ(client().Terminate(id, "enough"), absl::OkStatus());
}

}  // namespace
}  // namespace temporal::interop
