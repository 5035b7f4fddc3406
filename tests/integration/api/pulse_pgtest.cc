#include <gtest/gtest.h>

#include "api/pulse.h"
#include "platform/clock/clock.h"
#include "tests/mocks/postgres/test_database.h"

namespace gpuaas::tests {
namespace {

class PulseTest : public testing::Test {
 protected:
  absl::Status Beat(absl::Status heard) {
    return api::Pulse::Beat(database_.app(), clock_, [&](const std::stop_token&) { return heard; }, {});
  }
  // When the API's pulse was last written; nothing if it never was.
  std::optional<Time> LastBeat() {
    std::optional<Time> at;
    const absl::Status read = database_.app().Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
      auto rows = tx.Query("SELECT at FROM control_pulses WHERE component = 'api'");
      if (rows.ok() && !rows->empty()) at = (*rows)[0].Timestamp("at");
      return rows.status();
    });
    EXPECT_TRUE(read.ok()) << read;
    return at;
  }

  TestDatabase database_;
  platform::ManualClock clock_;
};

TEST_F(PulseTest, BeatsOnlyWhileAHeartbeatWouldBeHeard) {
  EXPECT_FALSE(Beat(MakeError(ErrorCode::kUnavailable, "no edge")).ok());
  EXPECT_EQ(LastBeat(), std::nullopt);
  EXPECT_TRUE(Beat(absl::OkStatus()).ok());
  const Time first = clock_.Now();
  EXPECT_EQ(LastBeat(), first);
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_FALSE(Beat(MakeError(ErrorCode::kUnavailable, "no edge")).ok());
  EXPECT_EQ(LastBeat(), first);
}

TEST_F(PulseTest, NobodyIsHeardThroughAnEdgeThatIsNotThere) {
  const api::Hears hears = api::ThroughEdge("https://127.0.0.1:1", "");
  EXPECT_FALSE(hears({}).ok());
}

}  // namespace
}  // namespace gpuaas::tests
