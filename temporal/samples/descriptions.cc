// A workflow that tells people what it is about: in Temporal's UI, or when they ask it.
#include "temporal/api/sdk/v1/workflow_metadata.pb.h"
#include "temporal/common/builtin_queries.h"
#include "temporal/samples/stage.h"

using namespace std::chrono_literals;

inline constexpr temporal::WorkflowRef<std::string, int> kBed{"Bed"};
inline constexpr temporal::ActivityRef<std::string, int> kPick{"Pick"};
inline constexpr temporal::SignalRef<temporal::Nothing> kRain{"rain"};
inline constexpr temporal::QueryRef<temporal::Nothing, bool> kWet{"wet"};

struct Bed {
  explicit Bed(temporal::Context c) : ctx(c), rain(c, kRain, temporal::HandlerOptions("It has rained")) {}

  temporal::Task<int> Run(std::string plant) {
    ctx.SetCurrentDetails("**" + plant + "** were sown and wait for rain.");
    co_await rain.Received();
    wet = true;
    ctx.SetCurrentDetails("**" + plant + "** are growing.");
    co_await ctx.Sleep(1s, "until they are ripe");
    co_return co_await ctx.Execute(kPick, plant, temporal::ActivityOptions(10s).WithSummary("by hand"));
  }
  bool Wet() const { return wet; }

  temporal::Context ctx;
  temporal::SignalChannel<> rain;
  bool wet = false;
};

int main(int argc, char** argv) {
  temporal::WorkflowRegistry workflows;
  workflows.Add<Bed>(kBed).Query(kWet, &Bed::Wet, temporal::HandlerOptions("Whether it has rained"));
  temporal::ActivityRegistry activities;
  activities.Add(kPick, [](temporal::ActivityContext&, std::string plant) -> absl::StatusOr<int> {
    return static_cast<int>(plant.size());
  });

  return samples::Main(argc, argv, workflows, activities, [](samples::Stage& stage) {
    temporal::StartOptions options;
    options.summary = "Tomatoes of this year";
    options.details = "For the kitchen, see *the plan*.";
    const std::string id = stage.Start(kBed, "tomatoes", options);
    const auto metadata = stage.client().Query(id, temporal::kWorkflowMetadataQuery, temporal::Nothing());
    stage.Expect(metadata.ok(), metadata.status().ToString());
    stage.Expect(metadata->current_details() == "**tomatoes** were sown and wait for rain.", "the details");
    stage.Expect(metadata->definition().signal_definitions(0).description() == "It has rained", "the handler");
    stage.Expect(stage.client().Signal(id, kRain, temporal::Nothing()).ok(), "rain");
    stage.Expect(stage.client().GetResult(kBed, id, 60s).value_or(0) == 8, "what was picked");
  });
}
