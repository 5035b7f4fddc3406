#include "domain/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace gpuaas {
namespace {

const Time kNow = *ParseTime("2026-11-20T13:45:47.123456Z");

TEST(IdsTest, CarriesPrefixAndTime) {
  const auto id = AllocationId::New(kNow);
  EXPECT_TRUE(id.str().starts_with("alloc_"));
  EXPECT_EQ(id.str().size(), 6U + 26U);
  EXPECT_EQ(TimeOfUlidText(id.str().substr(6)), *ParseTime("2026-11-20T13:45:47.123Z"));
  EXPECT_EQ(AllocationId::Parse(id.str()), id);
}

TEST(IdsTest, SortsByCreationAndNeverRepeats) {
  EXPECT_LT(NodeId::New(kNow), NodeId::New(kNow + std::chrono::milliseconds(1)));
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(OperationId::New(kNow)).second);
}

TEST(IdsTest, RefusesWhatIsNoId) {
  const std::string good = AllocationId::New(kNow);
  EXPECT_FALSE(NodeId::Parse(good)) << "another kind";
  EXPECT_FALSE(AllocationId::Parse(""));
  EXPECT_FALSE(AllocationId::Parse("alloc_"));
  EXPECT_FALSE(AllocationId::Parse(good + "0"));
  EXPECT_FALSE(AllocationId::Parse(good.substr(0, good.size() - 1)));
  for (const char bad : {'I', 'L', 'O', 'U', 'a', '-', '\'', '\0'}) {
    std::string text = good;
    text.back() = bad;
    EXPECT_FALSE(AllocationId::Parse(text)) << bad;
  }
  EXPECT_FALSE(AllocationId::Parse("alloc_8" + good.substr(7))) << "more than 128 bits";
  EXPECT_FALSE(AllocationId::Parse("alloc_00000000000000000000000000")) << "no UUIDv7";
  EXPECT_FALSE(TenantId::Parse(PlatformTenant().str())) << "nobody can name the platform by its id";
}

}  // namespace
}  // namespace gpuaas
