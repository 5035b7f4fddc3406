// Steps that are undone, the last one first, when a later one fails.
#include <mutex>

#include "temporal/samples/stage.h"

using namespace std::chrono_literals;

inline constexpr temporal::WorkflowRef<std::string, std::string> kTrip{"Trip"};
inline const temporal::Step<std::string, temporal::Nothing> kBookHotel{"BookHotel", temporal::ActivityOptions(10s)};
inline const temporal::Step<std::string, temporal::Nothing> kCancelHotel{"CancelHotel", temporal::ActivityOptions(10s)};
inline const temporal::Step<std::string, temporal::Nothing> kBookFlight{"BookFlight", temporal::ActivityOptions(10s)};

struct Trip {
  explicit Trip(temporal::Context c) : ctx(c) {}

  temporal::Task<std::string> Run(std::string traveller) {
    std::exception_ptr failure;  // co_await may not stand in a catch
    try {
      OnUnwind(kCancelHotel, traveller);  // before the step: it may have happened although it failed
      co_await ctx.Execute(kBookHotel, traveller);
      co_await ctx.Execute(kBookFlight, traveller);
    } catch (const temporal::WorkflowFailure&) {
      failure = std::current_exception();
    }
    if (failure != nullptr) {
      for (; !undo.empty(); undo.pop_back()) co_await undo.back()();
      std::rethrow_exception(failure);
    }
    co_return "enjoy";
  }

  // What is undone runs shielded: also if the workflow is cancelled.
  void OnUnwind(const temporal::Step<std::string, temporal::Nothing>& step, std::string traveller) {
    undo.push_back([this, &step, traveller] { return ctx.Shielded().Execute(step, traveller); });
  }

  temporal::Context ctx;
  std::vector<std::function<temporal::Future<temporal::Nothing>()>> undo;
};

std::mutex mutex;
std::vector<std::string> done;

absl::Status Do(temporal::ActivityContext& context, std::string traveller) {
  const std::lock_guard lock(mutex);
  done.push_back(context.info().activity_type);
  return absl::OkStatus();
}

int main(int argc, char** argv) {
  temporal::WorkflowRegistry workflows;
  workflows.Add<Trip>(kTrip);
  temporal::ActivityRegistry activities;
  activities.Add(kBookHotel, Do);
  activities.Add(kCancelHotel, Do);
  activities.Add(kBookFlight, [](temporal::ActivityContext&, std::string) {
    return absl::FailedPreconditionError("no seat left");  // this code is not worth another try (common/failure.h)
  });

  return samples::Main(argc, argv, workflows, activities, [](samples::Stage& stage) {
    const auto result = stage.Run(kTrip, "ada");
    stage.Expect(result.status().message() == "no seat left", result.status().ToString());
    const std::lock_guard lock(mutex);
    stage.Expect(done == std::vector<std::string>{"BookHotel", "CancelHotel"}, "what was done and undone");
  });
}
