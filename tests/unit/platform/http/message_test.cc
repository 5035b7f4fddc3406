#include "platform/http/message.h"

#include <nlohmann/json.hpp>

#include "domain/status.h"
#include "gmock/gmock.h"

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;
using testing::Contains;
using testing::Pair;

TEST(HeaderMap, IgnoresCase) {
  Request request;
  request.headers["X-Correlation-Id"] = "c";
  EXPECT_EQ(request.Header("x-correlation-id"), "c");
  EXPECT_EQ(request.Header("x-correlation"), "");
}

TEST(ErrorResponse, IsTheEnvelopeWithTheCodesStatus) {
  Response response =
      ErrorResponse(MakeError(ErrorCode::kInvalidState, "it is released", R"({"state":"released"})"), "corr_1");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(Json::parse(response.body), Json::parse(R"({"code":"invalid_state","message":"it is released",
      "correlation_id":"corr_1","details":{"state":"released"}})"));
}

TEST(ErrorResponse, HidesTheMessageOfOurOwnFaults) {
  Response response = ErrorResponse(absl::InternalError("SELECT * FROM users"), "corr_1");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, testing::Not(testing::HasSubstr("SELECT")));
  EXPECT_EQ(Json::parse(response.body)["details"], Json::object());
  for (const ErrorCode code : {ErrorCode::kDatabaseUnavailable, ErrorCode::kVaultDenied, ErrorCode::kNodeUnreachable}) {
    const Json body = Json::parse(ErrorResponse(MakeError(code, "10.0.0.7:7443"), "").body);
    EXPECT_EQ(body["message"], InfoOf(code).meaning);
  }
}

TEST(ErrorResponse, SaysWhenToRetryAndHowToLogIn) {
  Response limited = ErrorResponse(MakeError(ErrorCode::kRateLimited, "slow", R"({"retry_after_seconds":7})"), "");
  EXPECT_THAT(limited.headers, Contains(Pair("Retry-After", "7")));
  Response anonymous = ErrorResponse(MakeError(ErrorCode::kUnauthenticated, "who"), "");
  EXPECT_THAT(anonymous.headers, Contains(Pair("WWW-Authenticate", "Bearer")));
}

TEST(ErrorResponse, SurvivesBytesThatAreNoUtf8) {
  EXPECT_TRUE(Json::accept(ErrorResponse(MakeError(ErrorCode::kNotFound, "\xff\xfe"), "").body));
}

TEST(ParseQuery, DecodesAndRefuses) {
  auto query = ParseQuery("a=1&b=x+y%26&c&&d=");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(*query, (std::map<std::string, std::string>{{"a", "1"}, {"b", "x y&"}, {"c", ""}, {"d", ""}}));
  EXPECT_EQ(ErrorCodeOf(ParseQuery("a=1&a=2").status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ErrorCodeOf(ParseQuery("a=%4").status()), ErrorCode::kMalformedRequest);
  EXPECT_EQ(ErrorCodeOf(ParseQuery("a=%00").status()), ErrorCode::kInvalidArgument);
}

TEST(PercentDecode, GivesUtf8OrNothing) {
  for (const char* good : {"", "abc", "%C3%A9", "%e2%82%ac", "%F0%9F%98%80", "%F4%8F%BF%BF", "\xC3\xA9"}) {
    EXPECT_TRUE(PercentDecode(good, false)) << good;
  }
  for (const char* bad : {"%ff", "%C3", "%C3a", "%80", "%C0%AF", "%E0%80%80", "%ED%A0%80", "%F0%80%80%80",
                          "%F4%90%80%80", "%F5%80%80%80", "\xff"}) {
    EXPECT_FALSE(PercentDecode(bad, false)) << bad;
  }
}

}  // namespace
}  // namespace gpuaas::platform
