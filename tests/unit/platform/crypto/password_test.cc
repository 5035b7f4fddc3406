#include "platform/crypto/password.h"

#include <gtest/gtest.h>

namespace gpuaas::platform {
namespace {

TEST(PasswordTest, MatchesItsOwnHashOnly) {
  const std::string hash = *HashPassword("dev123");
  EXPECT_TRUE(hash.starts_with("scrypt$16384$8$1$"));
  EXPECT_TRUE(VerifyPassword("dev123", hash));
  EXPECT_FALSE(VerifyPassword("dev124", hash));
  EXPECT_FALSE(VerifyPassword("", hash));
  EXPECT_NE(*HashPassword("dev123"), hash) << "salted";
}

TEST(PasswordTest, MalformedHashesMatchNothing) {
  const std::string hash = *HashPassword("x");
  for (const std::string& bad :
       {std::string(), std::string("scrypt"), hash + "$", hash + "00", hash.substr(1), hash.substr(0, hash.size() - 1),
        std::string("scrypt$0$0$0$00$00"), "scrypt$99999999999$8$1$" + hash.substr(17)}) {
    EXPECT_FALSE(VerifyPassword("x", bad)) << bad;
  }
}

}  // namespace
}  // namespace gpuaas::platform
