#include "node/manager/authorized_keys.h"

#include <gmock/gmock.h>

namespace gpuaas::node {
namespace {

constexpr char kKey[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

TEST(AuthorizedKeys, TakesPlainKeysOnly) {
  EXPECT_TRUE(CheckPublicKey(kKey).ok());
  EXPECT_TRUE(CheckPublicKey(std::string(kKey) + " me@laptop").ok());
  for (const std::string bad :
       {"", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOo",
        "command=\"sh\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0d",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"}) {
    EXPECT_FALSE(CheckPublicKey(bad).ok()) << bad;
  }
  EXPECT_FALSE(CheckPublicKey(std::string(kKey) + "\n" + kKey).ok());
  EXPECT_FALSE(CheckPublicKey(std::string(kKey) + " " + std::string(20'000, 'x')).ok());
}

TEST(AuthorizedKeys, AreWrittenByOwner) {
  const std::string text =
      RenderAuthorizedKeys({{"app", {{"key_2", std::string(kKey) + " comment"}}}, {"allocation", {{"key_1", kKey}}}});
  EXPECT_EQ(text, std::string(kKey) + " allocation:key_1\n" + kKey + " app:key_2\n");
  EXPECT_EQ(RenderAuthorizedKeys({}), "");
}

TEST(AuthorizedKeys, NamesCannotMakeLines) {
  const std::string text = RenderAuthorizedKeys({{"a\nb c", {{"k\r\n\"#", kKey}}}});
  EXPECT_EQ(text, std::string(kKey) + " a_b_c:k____\n");
}

}  // namespace
}  // namespace gpuaas::node
