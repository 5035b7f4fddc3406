#include "temporal/common/builtin_queries.h"
#include "tests/conformance/python/interop_fixture.h"

// The Python client and workflows of ours.
namespace temporal::interop {
namespace {

class TheirClient : public PythonInterop {};

const Json kInner = {{"kind", "application"},
                     {"message", "inner"},
                     {"type", "Inner"},
                     {"non_retryable", false},
                     {"details", {{{"depth", 2}}}}};

Json Outer() { return DescribeFailure(NestedFailure()); }

TEST_F(TheirClient, starts_signals_queries_and_updates_ours) {
  const std::string id = TheyStart(kStory.name, StoryRequest(ours()));
  EXPECT_EQ(Ask("update", {{"id", id}, {"name", kAdd.name}, {"argument", 5}}), Value(5));
  const Json rejected = {{"failure",
                          {{"kind", "application"},
                           {"message", "only upwards"},
                           {"type", "Negative"},
                           {"non_retryable", false},
                           {"details", {-1}}}}};
  EXPECT_EQ(Ask("update", {{"id", id}, {"name", kAdd.name}, {"argument", -1}}), rejected);
  EXPECT_EQ(Ask("update", {{"id", id}, {"name", kAdd.name}, {"argument", 101}}), (Json{{"failure", Outer()}}));
  EXPECT_EQ(Ask("signal", {{"id", id}, {"name", kEnd.name}, {"argument", "well"}}), Value(nullptr));
  EXPECT_EQ(Ask("result", {{"id", id}}), Value(StoryTold(5)));
  EXPECT_EQ(Ask("query", {{"id", id}, {"name", kTold.name}}), Value(5));
  const Json angry = Ask("query", {{"id", id}, {"name", kAngry.name}, {"argument", "way"}});
  EXPECT_EQ(angry, (Json{{"failure", {{"kind", "query"}, {"message", NoWay()}}}}));
  const Json described = Ask("describe", {{"id", id}}).at("value");
  EXPECT_EQ(described.at("memo"), (Json{{"chapter", 2}}));
  EXPECT_EQ(described.at("keyword"), "told");
}

TEST_F(TheirClient, starts_ours_with_a_signal_or_an_update) {
  const std::string id =
      TheyStart(kStory.name, StoryRequest(ours()), {{"signal", kEnd.name}, {"signal_argument", "well"}});
  EXPECT_EQ(Ask("result", {{"id", id}}), Value(StoryTold(0)));
  Json ask = {{"type", kStory.name}, {"request", StoryRequest(ours())}, {"id", NewId()}, {"queue", ours()}};
  ask.update(Json{{"name", kAdd.name}, {"argument", 7}});
  EXPECT_EQ(Ask("update_with_start", ask), Value(7));
  EXPECT_EQ(Ask("update_with_start", ask), Value(14));
  EXPECT_EQ(Ask("signal", {{"id", ask.at("id")}, {"name", kEnd.name}, {"argument", "well"}}), Value(nullptr));
  EXPECT_EQ(Ask("result", {{"id", ask.at("id")}}), Value(StoryTold(14)));
}

TEST_F(TheirClient, memo_search_attributes_and_headers_reach_ours) {
  const std::string id = TheyStart(kEcho.name, "word", {{"memo", {{"note", "kept"}}}, {"keyword", "seen"}});
  const Json echo = {{"word", "word"}, {"memo", "kept"}, {"keyword", "seen"}, {"trace", "python"}};
  EXPECT_EQ(Ask("result", {{"id", id}}), Value(echo));
}

TEST_F(TheirClient, sees_the_failures_of_ours_with_details_and_causes) {
  const std::string id = TheyStart(kFail.name, "");
  EXPECT_EQ(Ask("result", {{"id", id}}), (Json{{"failure", Outer()}}));
  EXPECT_EQ(Outer().at("cause"), kInner);
}

TEST_F(TheirClient, cancels_and_terminates_ours) {
  const std::string cancelled = TheyStart(kWait.name, "");
  EXPECT_EQ(Ask("cancel", {{"id", cancelled}}), Value(nullptr));
  EXPECT_EQ(Ask("result", {{"id", cancelled}}).at("failure").at("kind"), "cancelled");
  const std::string terminated = TheyStart(kWait.name, "");
  EXPECT_EQ(Ask("terminate", {{"id", terminated}, {"reason", "enough"}, {"details", {"why"}}}), Value(nullptr));
  EXPECT_EQ(Ask("result", {{"id", terminated}}).at("failure").at("kind"), "terminated");
}

TEST_F(TheirClient, asks_ours_what_it_is_and_where_it_stands) {
  const std::string id = TheyStart(kStory.name, StoryRequest(ours()));
  const Json metadata = Ask("query", {{"id", id}, {"name", kWorkflowMetadataQuery.name}}).at("value");
  EXPECT_EQ(metadata.at("definition").at("type"), kStory.name);
  EXPECT_EQ(metadata.at("definition").at("updateDefinitions").at(0).at("name"), kAdd.name);
  const Json trace = Ask("query", {{"id", id}, {"name", kStackTraceQuery.name}}).at("value");
  EXPECT_THAT(trace.get<std::string>(), ::testing::HasSubstr(": Run [blocked on "));
  EXPECT_EQ(Ask("terminate", {{"id", id}, {"reason", ""}, {"details", Json::array()}}), Value(nullptr));
}

TEST_F(TheirClient, is_told_what_does_not_exist) {
  const std::string id = TheyStart(kWait.name, "");
  EXPECT_EQ(Ask("query", {{"id", id}, {"name", "nothing"}}).at("failure").at("kind"), "query");
  EXPECT_EQ(Ask("update", {{"id", id}, {"name", "nothing"}, {"argument", 1}}).at("failure").at("kind"), "application");
  const std::string story = TheyStart(kStory.name, StoryRequest(ours()));
  EXPECT_EQ(Ask("query", {{"id", story}, {"name", kAngry.name}, {"argument", 5}}).at("failure").at("kind"), "query");
  const Json misfit = Ask("update", {{"id", story}, {"name", kAdd.name}, {"argument", "five"}});
  EXPECT_EQ(misfit.at("failure").at("kind"), "application");
  EXPECT_EQ(Ask("terminate", {{"id", story}, {"reason", ""}, {"details", Json::array()}}), Value(nullptr));
  EXPECT_EQ(Ask("terminate", {{"id", id}, {"reason", ""}, {"details", Json::array()}}), Value(nullptr));
  const Json gone = Ask("signal", {{"id", id}, {"name", kEnd.name}, {"argument", "late"}});
  EXPECT_EQ(gone, (Json{{"failure", {{"kind", "rpc"}, {"code", "NOT_FOUND"}}}}));
}

}  // namespace
}  // namespace temporal::interop
