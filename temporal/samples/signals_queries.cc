// A workflow that is told things, asked things, and waits for one of them.
#include "nlohmann/json.hpp"
#include "temporal/samples/stage.h"

inline constexpr temporal::WorkflowRef<std::string, std::vector<std::string>> kCart{"Cart"};
inline constexpr temporal::SignalRef<std::string> kAdd{"add"};
inline constexpr temporal::SignalRef<temporal::Nothing> kCheckout{"checkout"};
inline constexpr temporal::QueryRef<temporal::Nothing, int> kCount{"count"};

struct Cart {
  explicit Cart(temporal::Context c) : ctx(c), checkout(c, kCheckout) {}

  temporal::Task<std::vector<std::string>> Run(std::string customer) {
    co_await checkout.Received();
    co_return items;
  }
  void Add(std::string item) { items.push_back(std::move(item)); }
  int Count() const { return static_cast<int>(items.size()); }

  temporal::Context ctx;
  temporal::SignalChannel<> checkout;
  std::vector<std::string> items;
};

int main(int argc, char** argv) {
  temporal::WorkflowRegistry workflows;
  workflows.Add<Cart>(kCart).Signal(kAdd, &Cart::Add).Query(kCount, &Cart::Count);

  return samples::Main(argc, argv, workflows, temporal::ActivityRegistry(), [](samples::Stage& stage) {
    const std::string id = stage.Start(kCart, "ada");
    for (const char* item : {"tea", "milk"}) {
      stage.Expect(stage.client().Signal(id, kAdd, std::string(item)).ok(), "a signal");
    }
    stage.Expect(stage.client().Query(id, kCount, temporal::Nothing()).value_or(-1) == 2, "two items");
    stage.Expect(stage.client().Signal(id, kCheckout, temporal::Nothing()).ok(), "the last signal");
    const auto items = stage.client().GetResult(kCart, id, std::chrono::seconds(60));
    stage.Expect(items.ok() && *items == std::vector<std::string>{"tea", "milk"}, "what was bought");
  });
}
