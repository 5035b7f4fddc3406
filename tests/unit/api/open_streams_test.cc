#include "api/common/open_streams.h"

#include <vector>

#include "domain/status.h"
#include "gmock/gmock.h"

namespace gpuaas::api {
namespace {

using Share = std::shared_ptr<const void>;

Principal User(const std::string& user, const std::string& tenant) {
  return Principal{.user = UserId(user), .tenant = TenantId(tenant)};
}

TEST(OpenStreamsTest, NoUserTakesAllOfTheTenantsAndNoTenantAll) {
  OpenStreams streams;
  std::vector<Share> taken;
  for (int user = 0; user < OpenStreams::kPerTenant / OpenStreams::kPerUser; ++user) {
    const Principal principal = User("usr_" + std::to_string(user), "tnt_1");
    for (int i = 0; i < OpenStreams::kPerUser; ++i) {
      auto share = streams.Take(principal);
      ASSERT_TRUE(share.ok());
      taken.push_back(*share);
    }
    const absl::Status refused = streams.Take(principal).status();
    EXPECT_EQ(ErrorCodeOf(refused), ErrorCode::kRateLimited);
    EXPECT_THAT(DetailsOf(refused), testing::HasSubstr("retry_after_seconds"));
  }
  EXPECT_FALSE(streams.Take(User("usr_fresh", "tnt_1")).ok());  // the tenant has its share
  EXPECT_TRUE(streams.Take(User("usr_fresh", "tnt_2")).ok());

  taken.pop_back();
  EXPECT_TRUE(streams.Take(User("usr_fresh", "tnt_1")).ok());
}

TEST(OpenStreamsTest, SharesOutliveTheBounds) {
  Share share;
  {
    OpenStreams streams;
    share = *streams.Take(User("usr_1", "tnt_1"));
  }
  share.reset();
}

}  // namespace
}  // namespace gpuaas::api
