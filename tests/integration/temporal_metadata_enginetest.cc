#include <gmock/gmock.h>

#include <map>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/api/sdk/v1/workflow_metadata.pb.h"
#include "temporal/common/builtin_queries.h"
#include "tests/integration/temporal_server.h"

// What a run tells people about itself and its steps, on a real Temporal server.
namespace temporal {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Pair;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kTold{"Told"};
constexpr WorkflowRef<Nothing, Text> kChild{"Child"};
constexpr ActivityRef<Nothing, Text> kStep{"Step"};
constexpr SignalRef<Nothing> kGo{"go"};
constexpr QueryRef<Nothing, Text> kState{"state"};

struct Told {
  explicit Told(Context c) : ctx(c), go(c, kGo, HandlerOptions("Lets it go")) {}
  Task<Text> Run(Nothing) {
    ctx.SetCurrentDetails("waits for **go**");
    co_await go.Received();
    ctx.SetCurrentDetails("goes");
    const Text one = co_await ctx.Execute(kStep, Nothing(), ActivityOptions(10s).WithSummary("an activity"));
    const Text two = co_await ctx.ExecuteLocal(kStep, Nothing(), LocalActivityOptions(10s).WithSummary("a local one"));
    co_await ctx.Sleep(100ms, "a timer");
    ChildOptions options;
    options.WithSummary("a child").details = "of *many* words";
    co_return one + two + co_await ctx.ExecuteChild(kChild, Nothing(), options);
  }
  Text State() const { return ctx.current_details(); }
  Context ctx;
  SignalChannel<Nothing> go;
};

class MetadataOnServer : public ServerTest {
 protected:
  MetadataOnServer() {
    activities.Add(kStep, [](ActivityContext&, Nothing) -> absl::StatusOr<Text> { return "x"; });
    workflows.Add<Told>(kTold).Query(kState, &Told::State, HandlerOptions("Where it stands"));
    workflows.AddFunction(kChild, [](Context, Nothing) -> Task<Text> { co_return "y"; });
  }
};

TEST_F(MetadataOnServer, IsToldByTheRun) {
  const auto worker = StartWorker();
  const Text id = Start(kTold, Nothing());
  const auto metadata = client->Query(id, kWorkflowMetadataQuery, Nothing());
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->current_details(), "waits for **go**");
  const auto& definition = metadata->definition();
  EXPECT_EQ(definition.type(), kTold.name);
  ASSERT_EQ(definition.signal_definitions_size(), 1);
  EXPECT_EQ(definition.signal_definitions(0).description(), "Lets it go");
  EXPECT_EQ(definition.query_definitions().rbegin()->description(), "Where it stands");
  if (const auto shown = Cli("workflow metadata --output json --workflow-id " + id)) {
    EXPECT_THAT(*shown, HasSubstr("waits for **go**"));
  }
  EXPECT_THAT(client->Query(id, QueryRef<Nothing, Text>("other"), Nothing()).status().message(),
              HasSubstr("known queries: [__enhanced_stack_trace __stack_trace __temporal_workflow_metadata state]"));
  ASSERT_TRUE(client->Signal(id, kGo, Nothing()).ok());
  EXPECT_EQ(client->GetResult(kTold, id, 30s).value_or("no"), "xxy");
  EXPECT_EQ(client->Query(id, kState, Nothing()).value_or("no"), "goes");
}

TEST_F(MetadataOnServer, SummariesAreInTheHistory) {
  const auto worker = StartWorker();
  StartOptions start("test/" + NewUuid(), queue);
  start.summary = "a test";
  start.details = "of metadata";
  ASSERT_TRUE(client->Start(kTold, Nothing(), start).ok());
  ASSERT_TRUE(client->Signal(start.id, kGo, Nothing()).ok());
  ASSERT_EQ(client->GetResult(kTold, start.id, 30s).value_or("no"), "xxy");
  const auto description = client->Describe(start.id);
  ASSERT_TRUE(description.ok());
  EXPECT_EQ(description->static_summary, "a test");
  EXPECT_EQ(description->static_details, "of metadata");
  std::map<api::enums::v1::EventType, Text> summaries;
  Text child_id;
  const auto history = client->History(start.id);
  for (const auto& event : history->events()) {
    if (!event.user_metadata().has_summary()) continue;
    summaries[event.event_type()] = FromPayload<Text>(event.user_metadata().summary()).value_or("no text");
    const auto& child = event.start_child_workflow_execution_initiated_event_attributes();
    if (!child.workflow_id().empty()) child_id = child.workflow_id();
  }
  EXPECT_THAT(summaries,
              IsSupersetOf({Pair(api::enums::v1::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, "an activity"),
                            Pair(api::enums::v1::EVENT_TYPE_MARKER_RECORDED, "a local one"),
                            Pair(api::enums::v1::EVENT_TYPE_TIMER_STARTED, "a timer"),
                            Pair(api::enums::v1::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED, "a child")}));
  const auto child = client->Describe(child_id);
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(child->static_summary, "a child");
  EXPECT_EQ(child->static_details, "of *many* words");
}

}  // namespace
}  // namespace temporal
