// Short steps inside the workflow task: no task of the server, one round trip less.
#include "temporal/samples/stage.h"

using namespace std::chrono_literals;

inline constexpr temporal::ActivityRef<std::string, double> kPrice{"Price"};
inline constexpr temporal::WorkflowRef<std::string, double> kQuote{"Quote"};

temporal::Task<double> Quote(temporal::Context ctx, std::string item) {
  const double price = co_await ctx.ExecuteLocal(kPrice, item, temporal::LocalActivityOptions(2s));
  co_return price * 1.2;
}

int main(int argc, char** argv) {
  temporal::WorkflowRegistry workflows;
  workflows.AddFunction(kQuote, Quote);
  temporal::ActivityRegistry activities;
  activities.Add(kPrice, [](temporal::ActivityContext& context, std::string) -> absl::StatusOr<double> {
    if (context.info().attempt == 1) return absl::UnavailableError("try again");  // retried here in the worker
    return 10.0;
  });

  return samples::Main(argc, argv, workflows, activities, [](samples::Stage& stage) {
    const auto quote = stage.Run(kQuote, "tea");
    stage.Expect(quote.ok() && *quote == 12.0, quote.status().ToString());
  });
}
