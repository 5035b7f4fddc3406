#include "node/inventory/inventory.h"

#include <gmock/gmock.h>

#include <set>

#include "domain/status.h"
#include "nlohmann/json.hpp"

namespace gpuaas::node {
namespace {

constexpr char kEight[] = "gpus: {count: 8, model: \"NVIDIA H200\", memory_gib: 141}";

TEST(DeclaredInventory, NamesEachGpu) {
  auto source = ParseDeclared(kEight, "seed");
  ASSERT_TRUE(source.ok()) << source.status();
  const auto gpus = *(*source)->List();
  ASSERT_EQ(gpus.size(), 8u);
  std::set<std::string> uuids;
  for (const auto& gpu : gpus) uuids.insert(gpu.uuid);
  EXPECT_EQ(uuids.size(), 8u);
  EXPECT_THAT(gpus[3].uuid,
              ::testing::MatchesRegex("GPU-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(gpus[3].index, 3);
  EXPECT_EQ(gpus[3].device_path, "/dev/nvidia3");
  EXPECT_EQ(gpus[3].memory_bytes, std::uint64_t{141} << 30);
  EXPECT_EQ(gpus[3].model, "NVIDIA H200");
}

TEST(DeclaredInventory, UuidsFollowTheSeed) {
  EXPECT_EQ((*(*ParseDeclared(kEight, "a"))->List())[0].uuid, (*(*ParseDeclared(kEight, "a"))->List())[0].uuid);
  EXPECT_NE((*(*ParseDeclared(kEight, "a"))->List())[0].uuid, (*(*ParseDeclared(kEight, "b"))->List())[0].uuid);
}

TEST(DeclaredInventory, SaysWhatIsWrong) {
  for (const std::string bad :
       {"", "[]", "gpus: 8", "{{", "gpus: {count: 8}", "gpus: {count: 0, model: x, memory_gib: 1}",
        "gpus: {count: 65, model: x, memory_gib: 1}", "gpus: {count: many, model: x, memory_gib: 1}",
        "gpus: {count: 1, model: '', memory_gib: 1}", "gpus: {count: 1, model: x, memory_gib: -1}",
        "gpus: {count: 1, model: x, memory_gib: .nan}"}) {
    auto source = ParseDeclared(bad, "seed");
    ASSERT_FALSE(source.ok()) << bad;
    EXPECT_EQ(ErrorCodeOf(source.status()), ErrorCode::kInvalidArgument) << bad;
  }
}

TEST(Nvml, WithoutTheDriverItIsUnavailable) {
  EXPECT_EQ(ErrorCodeOf(OpenNvml("libno-such-library.so").status()), ErrorCode::kUnavailable);
  EXPECT_EQ(ErrorCodeOf(OpenNvml("libc.so.6").status()), ErrorCode::kUnavailable);  // a library, but not NVML
}

TEST(Inventory, DigestFollowsTheContent) {
  auto eight = *ParseDeclared(kEight, "seed");
  auto four = *ParseDeclared("gpus: {count: 4, model: \"NVIDIA H200\", memory_gib: 141}", "seed");
  const NodeInventory inventory = *TakeInventory(*eight);
  EXPECT_EQ(DigestOf(inventory), DigestOf(*TakeInventory(*eight)));
  EXPECT_NE(DigestOf(inventory), DigestOf(*TakeInventory(*four)));
  const auto json = nlohmann::json::parse(ToJson(inventory));
  EXPECT_EQ(json["source"], "declared");
  EXPECT_EQ(json["gpus"].size(), 8u);
  EXPECT_EQ(json["gpus"][0]["memory_bytes"].get<std::uint64_t>(), std::uint64_t{141} << 30);
  EXPECT_GT(json["cpus"].get<int>(), 0);
}

}  // namespace
}  // namespace gpuaas::node
