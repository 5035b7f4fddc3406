#include <nlohmann/json.hpp>

#include "domain/status.h"
#include "gmock/gmock.h"
#include "platform/openapi/contract.h"

namespace gpuaas::platform {
namespace {

TEST(ParseJsonStrictly, TakesJson) {
  for (const char* text : {"{}", "[]", "1", "null", R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"}) {
    EXPECT_TRUE(ParseJsonStrictly(text).ok()) << text;
  }
}

TEST(ParseJsonStrictly, RefusesTheRest) {
  std::string deep(33, '['), very_deep(100'000, '[');
  deep += std::string(33, ']');
  for (const std::string& text :
       {std::string(""), std::string("{"), std::string("{'a':1}"), std::string("{} {}"), std::string("\xff"),
        std::string("NaN"), std::string(R"({"a":1,"a":2})"), std::string(R"({"b":{"a":1,"a":2}})"),
        std::string(R"({"a":"x\u0000y"})"), std::string(R"({"a\u0000":1})"), deep, very_deep}) {
    auto value = ParseJsonStrictly(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_EQ(ErrorCodeOf(value.status()), ErrorCode::kMalformedRequest);
  }
}

}  // namespace
}  // namespace gpuaas::platform
