#include <gmock/gmock.h>

#include <cstdlib>

#include "domain/status.h"
#include "node/inventory/inventory.h"

namespace gpuaas::node {
namespace {

TEST(Nvml, TellsTheDriversGpus) {
  auto source = OpenNvml(GPUAAS_FAKE_NVML);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->name(), "nvml");
  EXPECT_EQ((*source)->driver_version(), "570.1");
  const auto gpus = (*source)->List();
  ASSERT_TRUE(gpus.ok()) << gpus.status();
  ASSERT_EQ(gpus->size(), 2u);
  EXPECT_EQ((*gpus)[1].index, 1);
  EXPECT_EQ((*gpus)[1].uuid, "GPU-00000001");
  EXPECT_EQ((*gpus)[1].model, "NVIDIA H200");
  EXPECT_EQ((*gpus)[1].memory_bytes, 150'000'000'000u);
  EXPECT_EQ((*gpus)[1].device_path, "/dev/nvidia3");  // by minor number, not by index
}

TEST(Nvml, SaysThatTheDriverIsNotLoaded) {
  ::setenv("FAKE_NVML_BROKEN", "1", 1);
  const auto source = OpenNvml(GPUAAS_FAKE_NVML);
  ::unsetenv("FAKE_NVML_BROKEN");
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(ErrorCodeOf(source.status()), ErrorCode::kUnavailable);
  EXPECT_THAT(std::string(source.status().message()), ::testing::HasSubstr("Driver Not Loaded"));
}

}  // namespace
}  // namespace gpuaas::node
