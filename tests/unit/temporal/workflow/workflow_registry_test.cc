#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "temporal/workflow/registry.h"

namespace temporal {
namespace {

using ::testing::ElementsAre;

struct WithContext {
  explicit WithContext(Context) {}
  Task<std::string> Run(std::string request) { co_return request; }
};
struct Plain {
  Task<void> Run() { co_return; }
};

TEST(Registry, knows_its_types) {
  WorkflowRegistry registry;
  EXPECT_TRUE(registry.empty());
  registry.Add<WithContext>(WorkflowRef<std::string, std::string>("b"));
  registry.Add<Plain>(WorkflowRef<Nothing, Nothing>("a"));
  EXPECT_THAT(registry.Types(), ElementsAre("a", "b"));
  EXPECT_NE(registry.Find("a"), nullptr);
  EXPECT_EQ(registry.Find("c"), nullptr);
}

TEST(RegistryDeathTest, the_same_type_twice_aborts) {
  WorkflowRegistry registry;
  registry.Add<Plain>("a");
  EXPECT_DEATH(registry.Add<Plain>("a"), "registered twice");
}

}  // namespace
}  // namespace temporal
