#include "platform/auth/base64url.h"

#include "gmock/gmock.h"

namespace gpuaas::platform {
namespace {

TEST(Base64Url, RoundTripsEveryLengthAndByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes);
    bytes += static_cast<char>(255 - i);
  }
}

TEST(Base64Url, UsesTheUrlAlphabetWithoutPadding) {
  EXPECT_EQ(Base64UrlEncode("\xfb\xff"), "-_8");
  EXPECT_EQ(Base64UrlEncode("f"), "Zg");
}

TEST(Base64Url, RefusesWhatTheEncoderWouldNotProduce) {
  for (const char* text : {"A", "Zg==", "Zh", "a+b/", "Z g", "Zg\n"}) EXPECT_FALSE(Base64UrlDecode(text)) << text;
}

}  // namespace
}  // namespace gpuaas::platform
