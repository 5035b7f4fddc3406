#include "platform/tls/tls.h"

#include <gmock/gmock.h>

#include "domain/status.h"

namespace gpuaas::platform {
namespace {

TEST(Tls, ACsrTellsItsNamesAndItsKey) {
  const std::string key = *GenerateKey(), other = *GenerateKey();
  const auto info = ParseCsr(*MakeCsr(key, "node", {"host.example", "10.0.0.1"}));
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->common_name, "node");
  EXPECT_THAT(info->names, ::testing::ElementsAre("host.example", "10.0.0.1"));
  EXPECT_EQ(ParseCsr(*MakeCsr(key, "another", {}))->public_key, info->public_key);
  EXPECT_NE(ParseCsr(*MakeCsr(other, "node", {}))->public_key, info->public_key);
  EXPECT_EQ(ErrorCodeOf(ParseCsr("nonsense").status()), ErrorCode::kInvalidArgument);
}

TEST(Tls, SignaturesBelongToAKeyAndAText) {
  const std::string key = *GenerateKey();
  const std::string mine = ParseCsr(*MakeCsr(key, "node", {}))->public_key;
  const std::string another = ParseCsr(*MakeCsr(*GenerateKey(), "node", {}))->public_key;
  const auto signature = Sign(key, "text");
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_TRUE(IsSignature(mine, "text", *signature));
  EXPECT_FALSE(IsSignature(mine, "texts", *signature));
  EXPECT_FALSE(IsSignature(another, "text", *signature));
  EXPECT_FALSE(IsSignature(mine, "text", ""));
  EXPECT_FALSE(IsSignature(mine, "text", "nonsense"));
  EXPECT_FALSE(IsSignature("no key", "text", *signature));
  EXPECT_EQ(ErrorCodeOf(Sign("no key", "text").status()), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace gpuaas::platform
