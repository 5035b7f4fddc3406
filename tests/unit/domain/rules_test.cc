#include <gtest/gtest.h>

#include "domain/allocation/lease.h"
#include "domain/catalog/sku.h"
#include "domain/iam/roles.h"

namespace gpuaas::domain {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Sku SkuOf(int min, int max, int step) {
  return {.name = "s", .gpus_min = min, .gpus_max = max, .gpus_step = step, .regions = {"r1", "r2"}};
}

TEST(SkuTest, CountsFollowMinimumMaximumAndStep) {
  const Sku slice = SkuOf(1, 8, 1);
  for (const int good : {1, 5, 8}) EXPECT_TRUE(CheckOrder(slice, good, "r1").ok()) << good;
  for (const int bad : {-1, 0, 9, 1 << 30}) {
    EXPECT_EQ(ErrorCodeOf(CheckOrder(slice, bad, "r1")), ErrorCode::kInvalidArgument) << bad;
  }
  const Sku whole = SkuOf(8, 32, 8);
  EXPECT_TRUE(CheckOrder(whole, 24, "r2").ok());
  EXPECT_FALSE(CheckOrder(whole, 12, "r2").ok());
  EXPECT_EQ(AllowedCounts(whole), "8 to 32 in steps of 8");
  EXPECT_EQ(AllowedCounts(SkuOf(8, 8, 8)), "8");
  EXPECT_EQ(DetailsOf(CheckOrder(slice, 0, "r1")),
            R"({"fields":[{"field":"gpus","problem":"s is ordered with 1 to 8 GPUs"}]})");
}

TEST(SkuTest, IsOfferedInItsRegionsOnly) {
  EXPECT_EQ(ErrorCodeOf(CheckOrder(SkuOf(1, 8, 1), 1, "r3")), ErrorCode::kUnknownRegion);
}

TEST(LeaseTest, GrantsWhatIsAskedWithinBounds) {
  const LeasePolicy policy;
  EXPECT_EQ(*GrantLease(policy, seconds(0)), policy.standard);
  EXPECT_EQ(*GrantLease(policy, hours(2)), hours(2));
  EXPECT_FALSE(GrantLease(policy, seconds(59)).ok());
  EXPECT_FALSE(GrantLease(policy, seconds(-5)).ok());
  EXPECT_FALSE(GrantLease(policy, policy.maximum + seconds(1)).ok());
}

TEST(LeaseTest, ExtendsUpToTheMaximumInAll) {
  const LeasePolicy policy;
  EXPECT_EQ(*ExtendLease(policy, hours(24), hours(1)), hours(25));
  EXPECT_EQ(*ExtendLease(policy, policy.maximum - hours(1), hours(1)), policy.maximum);
  EXPECT_EQ(ErrorCodeOf(ExtendLease(policy, policy.maximum, seconds(1)).status()), ErrorCode::kQuotaExceeded);
  EXPECT_EQ(ErrorCodeOf(ExtendLease(policy, hours(1), seconds::max()).status()), ErrorCode::kQuotaExceeded);
  EXPECT_EQ(ErrorCodeOf(ExtendLease(policy, hours(1), seconds(0)).status()), ErrorCode::kInvalidArgument);
}

TEST(RolesTest, OnlyThePlatformTouchesNodesAndWorkflows) {
  for (std::size_t i = 0; i < kRoleNames.size(); ++i) {
    const auto role = static_cast<Role>(i);
    EXPECT_EQ(RoleFromName(NameOf(role)), role);
    for (const auto permission :
         {Permission::kNodeRead, Permission::kNodeWrite, Permission::kOpsRead, Permission::kOpsWrite}) {
      EXPECT_EQ(Allows(role, permission), role == Role::kPlatformAdmin) << NameOf(role);
    }
  }
}

TEST(RolesTest, ReadersCannotWriteAndRolesAddUp) {
  for (const auto role : {Role::kViewer, Role::kBilling, Role::kAuditor}) {
    EXPECT_TRUE(Allows(role, Permission::kAllocationRead));
    EXPECT_FALSE(Allows(role, Permission::kAllocationWrite));
    EXPECT_FALSE(Allows(role, Permission::kAllocationConnect));
  }
  const Role both[] = {Role::kViewer, Role::kMember};
  EXPECT_TRUE(Allows(both, Permission::kAllocationWrite));
  EXPECT_FALSE(Allows(std::span<const Role>(), Permission::kCatalogRead));
  EXPECT_EQ(NameOf(Permission::kAllocationWrite), "allocation.write");
}

}  // namespace
}  // namespace gpuaas::domain
