// Child workflows, and a workflow that goes on in a new run before its history grows too long.
#include "temporal/samples/stage.h"

using namespace std::chrono_literals;

inline constexpr temporal::WorkflowRef<int, int> kSquare{"Square"};
inline constexpr temporal::WorkflowRef<int, int> kSumOfSquares{"SumOfSquares"};
inline constexpr temporal::WorkflowRef<std::tuple<int, int>, int> kPages{"Pages"};  // those left, those done

temporal::Task<int> Square(temporal::Context ctx, int n) { co_return n* n; }

temporal::Task<int> SumOfSquares(temporal::Context ctx, int n) {
  std::vector<temporal::Future<int>> squares;
  for (int i = 1; i <= n; ++i) squares.push_back(ctx.ExecuteChild(kSquare, i));
  int sum = 0;
  const std::vector<int> results = co_await temporal::AllOf(squares);
  for (const int result : results) sum += result;
  co_return sum;
}

temporal::Task<int> Pages(temporal::Context ctx, std::tuple<int, int> pages) {
  auto [left, done] = pages;
  for (int i = 0; left > 0; ++i) {
    if (i == 10 || ctx.continue_as_new_suggested()) ctx.ContinueAsNew(std::tuple(left, done));  // does not return
    co_await ctx.Sleep(1ms);
    --left;
    ++done;
  }
  co_return done;
}

int main(int argc, char** argv) {
  temporal::WorkflowRegistry workflows;
  workflows.AddFunction(kSquare, Square);
  workflows.AddFunction(kSumOfSquares, SumOfSquares);
  workflows.AddFunction(kPages, Pages);

  return samples::Main(argc, argv, workflows, temporal::ActivityRegistry(), [](samples::Stage& stage) {
    stage.Expect(stage.Run(kSumOfSquares, 3).value_or(-1) == 14, "1 + 4 + 9");
    stage.Expect(stage.Run(kPages, std::tuple(15, 0)).value_or(-1) == 15, "all pages, in two runs");
  });
}
