#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "domain/status.h"
#include "node/inventory/inventory.h"
#include "tests/unit/node/temp_folder.h"

namespace gpuaas::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

class Nvml : public ::testing::Test {
 protected:
  // One file for all tests: a call that hangs still reads it.
  static void SetUpTestSuite() { ::setenv("FAKE_NVML", MoodFile().c_str(), 1); }
  Nvml() { Be("well"); }
  static std::string MoodFile() {
    static const TempFolder folder;
    return folder.path() + "/mood";
  }
  void Be(const std::string& mood) {
    std::ofstream(MoodFile() + ".new") << mood;
    std::filesystem::rename(MoodFile() + ".new", MoodFile());
  }
};

TEST_F(Nvml, TellsTheDriversGpus) {
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

TEST_F(Nvml, SaysThatTheDriverIsNotLoaded) {
  Be("broken");
  const auto source = OpenNvml(GPUAAS_FAKE_NVML);
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(ErrorCodeOf(source.status()), ErrorCode::kUnavailable);
  EXPECT_THAT(std::string(source.status().message()), ::testing::HasSubstr("Driver Not Loaded"));
}

TEST_F(Nvml, LeavesOutAGpuThatIsLost) {
  auto source = OpenNvml(GPUAAS_FAKE_NVML);
  ASSERT_TRUE(source.ok()) << source.status();
  Be("lost");
  auto gpus = (*source)->List();
  ASSERT_TRUE(gpus.ok()) << gpus.status();
  ASSERT_EQ(gpus->size(), 1u);
  EXPECT_EQ(gpus->front().uuid, "GPU-00000000");
  Be("well");
  EXPECT_EQ((*source)->List()->size(), 2u);
}

TEST_F(Nvml, AHangingDriverKeepsNobodyWaiting) {
  auto source = WatchGpus("nvml", [] { return OpenNvml(GPUAAS_FAKE_NVML); }, milliseconds(1), minutes(1));
  ASSERT_EQ(source->List()->size(), 2u);
  Be("hang");
  EXPECT_EQ(source->List()->size(), 2u);
  EXPECT_EQ(source->driver_version(), "570.1");
  Be("lost");
  while (source->List()->size() == 2) std::this_thread::yield();
  Be("hang");
  source.reset();  // nor at the end
  source = WatchGpus("nvml", [] { return OpenNvml(GPUAAS_FAKE_NVML); }, milliseconds(1), milliseconds(1));
  EXPECT_EQ(ErrorCodeOf(source->List().status()), ErrorCode::kUnavailable);
  Be("well");
  while (!source->List().ok()) std::this_thread::yield();
}

// Its own driver is asked again, from the start, and what is known stays.
TEST(WatchedGpus, OpensAnewAfterAFailure) {
  std::atomic<int> opened = 0;
  std::atomic<bool> fails = true;
  class Source final : public GpuSource {
   public:
    explicit Source(std::atomic<bool>& fails) : fails_(fails) {}
    std::string_view name() const override { return "nvml"; }
    std::string driver_version() const override { return "1"; }
    absl::StatusOr<std::vector<GpuInfo>> List() override {
      if (fails_) return MakeError(ErrorCode::kUnavailable, "the driver was reset");
      return std::vector<GpuInfo>{{.uuid = "GPU-1"}};
    }

   private:
    std::atomic<bool>& fails_;
  };
  const auto source = WatchGpus(
      "nvml",
      [&]() -> absl::StatusOr<std::unique_ptr<GpuSource>> {
        ++opened;
        return std::make_unique<Source>(fails);
      },
      milliseconds(1), minutes(1));
  EXPECT_EQ(source->List().status().message(), "the driver was reset");
  while (opened < 3) std::this_thread::yield();
  fails = false;
  while (!source->List().ok()) std::this_thread::yield();
  fails = true;
  const int before = opened;
  while (opened < before + 2) std::this_thread::yield();
  EXPECT_EQ(source->List()->size(), 1u);
}

}  // namespace
}  // namespace gpuaas::node
