#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "temporal/api/sdk/v1/workflow_metadata.pb.h"
#include "temporal/common/builtin_queries.h"
#include "temporal/workflow/channel.h"
#include "tests/unit/temporal/core/harness.h"

// What a run tells people about itself, and about its steps.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Text = std::string;
using Metadata = api::sdk::v1::WorkflowMetadata;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr WorkflowRef<Nothing, Text> kChild{"child"};
constexpr ActivityRef<Nothing, Text> kStep{"step"};
constexpr SignalRef<Nothing> kGo{"go"};
constexpr SignalRef<Nothing> kStop{"stop"};
constexpr QueryRef<Nothing, Text> kState{"state"};
constexpr QueryRef<Nothing, Text> kLate{"late"};
constexpr UpdateRef<Text, Text> kMove{"move"};
constexpr UpdateRef<Text, Text> kFree{"free"};

struct Described {
  explicit Described(Context c) : ctx(c), go(c, kGo, HandlerOptions("Lets it go")) {}
  Task<Text> Run(Nothing) {
    ctx.SetCurrentDetails("waits for **go**");
    co_await go.Received();
    ctx.SetCurrentDetails(ctx.current_details() + ", and went");
    ctx.HandleQuery(kLate, [] { return Text(); }, HandlerOptions("Made late"));
    co_await ctx.Until([] { return false; });
    co_return "";
  }
  void OnStop() {}
  Text State() const {
    ctx.SetCurrentDetails("by a query");
    return "";
  }
  Text Move(const Text& where) { return where; }
  void CheckMove(const Text& where) const {}

  Context ctx;
  SignalChannel<Nothing> go;
};

WorkflowRegistry Registry() {
  WorkflowRegistry registry;
  registry.Add<Described>(kMain)
      .Signal(kStop, &Described::OnStop)
      .Query(kState, &Described::State, HandlerOptions("How far it is\nin more words"))
      .Update(kMove, &Described::Move, &Described::CheckMove, HandlerOptions("Moves it"))
      .Update(kFree, &Described::Move, HandlerOptions("Moves it anywhere"));
  return registry;
}

api::query::v1::WorkflowQueryResult Ask(WorkflowTaskHandler& handler, PolledTask task, std::string_view query) {
  (*task.mutable_queries())["q"].set_query_type(std::string(query));
  return std::get<Completed>(handler.Handle(task).value()).query_results().at("q");
}
Metadata AskMetadata(WorkflowTaskHandler& handler, const PolledTask& task) {
  const auto result = Ask(handler, task, kWorkflowMetadataQuery.name);
  EXPECT_EQ(result.error_message(), "");
  EXPECT_EQ(result.answer().payloads(0).metadata().at("encoding"), "json/protobuf");
  return FromPayload<Metadata>(result.answer().payloads(0)).value();
}

template <class Definitions>
std::vector<std::pair<Text, Text>> Pairs(const Definitions& definitions) {
  std::vector<std::pair<Text, Text>> pairs;
  for (const auto& definition : definitions) pairs.emplace_back(definition.name(), definition.description());
  return pairs;
}

TEST(Metadata, names_the_handlers_with_their_descriptions_sorted) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto definition = AskMetadata(handler, history.TaskAt()).definition();
  EXPECT_EQ(definition.type(), "main");
  EXPECT_THAT(Pairs(definition.signal_definitions()), ElementsAre(Pair("go", "Lets it go"), Pair("stop", "")));
  EXPECT_THAT(Pairs(definition.update_definitions()),
              ElementsAre(Pair("free", "Moves it anywhere"), Pair("move", "Moves it")));
  EXPECT_THAT(Pairs(definition.query_definitions()),
              ElementsAre(Pair("__enhanced_stack_trace", "The same for programs"),
                          Pair("__stack_trace", "What each coroutine waits for, and where"),
                          Pair("__temporal_workflow_metadata", "The workflow, its handlers, and its current details"),
                          Pair("state", "How far it is\nin more words")));
}

TEST(Metadata, has_the_current_details_live_and_replayed) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_EQ(AskMetadata(handler, history.TaskAt()).current_details(), "waits for **go**");
  const int64_t next = history.last_id() + 1;
  history.TaskCompleted();
  history.Signaled("go");
  history.OpenTask();
  WorkflowTaskHandler fresh(UncachedOptions(), registry, NoFetcher());
  for (const auto& metadata : {AskMetadata(handler, history.TaskAt(0, next)), AskMetadata(fresh, history.TaskAt())}) {
    EXPECT_EQ(metadata.current_details(), "waits for **go**, and went");
    EXPECT_THAT(Pairs(metadata.definition().query_definitions()), ::testing::Contains(Pair("late", "Made late")));
  }
}

TEST(Metadata, is_not_changed_by_those_who_look) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_THAT(Ask(handler, history.TaskAt(), kState.name).error_message(),
              HasSubstr("a change of the current details is not allowed in a query handler"));
}

TEST(Metadata, lists_the_queries_to_who_asks_for_another) {
  const WorkflowRegistry registry = Registry();
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_EQ(Ask(handler, history.TaskAt(), "stat").error_message(),
            "Query handler for 'stat' expected but not found, and known queries: "
            "[__enhanced_stack_trace __stack_trace __temporal_workflow_metadata state]");
}

TEST(Metadata, keeps_its_names_to_itself) {
  for (const char* name : {"__stack_trace", "__enhanced_stack_trace", "__temporal_workflow_metadata", "__temporal_x"}) {
    WorkflowRegistry registry;
    registry.Add<Described>(kMain).Query(name, &Described::State);
    HistoryBuilder history("main");
    history.OpenTask();
    WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
    EXPECT_THAT(std::get<Failed>(handler.Handle(history.TaskAt()).value()).failure().message(),
                HasSubstr("is Temporal's own"));
  }
}

struct Commented {
  static Task<Text> Run(Context ctx, Nothing) {
    const auto activity = ctx.Execute(kStep, Nothing(), ActivityOptions(1min).WithSummary("an activity"));
    const auto timer = ctx.Sleep(1min, "a timer");
    ChildOptions options("kid");
    options.WithSummary("a child").details = "of *many* words";
    const auto child = ctx.ExecuteChild(kChild, Nothing(), options);
    co_await ctx.UntilFor([] { return false; }, 1min, "a deadline");
    co_return "";
  }
};

TEST(UserMetadata, goes_with_the_commands_of_steps) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, Commented::Run);
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto reply = std::get<Completed>(handler.Handle(history.TaskAt()).value());
  std::vector<Text> summaries;
  for (const Command& command : reply.commands()) {
    summaries.push_back(FromPayload<Text>(command.user_metadata().summary()).value());
    const bool is_child = command.command_type() == enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION;
    EXPECT_EQ(command.user_metadata().has_details(), is_child);
    if (is_child) EXPECT_EQ(FromPayload<Text>(command.user_metadata().details()).value(), "of *many* words");
  }
  EXPECT_THAT(summaries, ElementsAre("an activity", "a timer", "a child", "a deadline"));
}

}  // namespace
}  // namespace temporal::core
