#include "platform/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace gpuaas::platform {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Captured(const std::function<void()>& write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, WritesOneJsonLineWithItsFields) {
  InitLog("test", "info");
  const std::string line = Captured([] {
    CorrelationScope scope("corr_1");
    LogInfo("said \"so\"\n", {{"count", 3}, {"ok", true}, {"name", "a\tb"}});
  });
  EXPECT_THAT(line,
              HasSubstr(R"("level":"info","service":"test","correlation_id":"corr_1","message":"said \"so\"\n")"));
  EXPECT_THAT(line, HasSubstr(R"("count":3,"ok":true,"name":"a\tb"})"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(LogTest, LevelsFilterAndScopesNest) {
  InitLog("test", "warning");
  EXPECT_EQ(Captured([] { LogInfo("quiet"); }), "");
  const std::string lines = Captured([] {
    CorrelationScope outer("corr_outer");
    {
      CorrelationScope inner("corr_inner");
    }
    LogError("after");
  });
  EXPECT_THAT(lines, HasSubstr("corr_outer"));
  EXPECT_THAT(lines, Not(HasSubstr("corr_inner")));
}

TEST(LogTest, InvalidUtf8DoesNoHarm) {
  InitLog("test", "info");
  EXPECT_THAT(Captured([] { LogInfo("bad \xff byte", {{"value", std::string("\xc3")}}); }), HasSubstr("bad "));
}

TEST(RedactTest, ValuesOfSecretKeysNeverShow) {
  InitLog("test", "info");
  const std::string line = Captured([] {
    LogInfo("x",
            {{"password", "CANARY"}, {"X-Vault-Token", "CANARY"}, {"client_secret", "CANARY"}, {"token_id", "t1"}});
  });
  EXPECT_THAT(line, Not(HasSubstr("CANARY")));
  EXPECT_THAT(line, HasSubstr(R"("token_id":"t1")"));
}

TEST(RedactTest, CredentialsInsideTextsAreFound) {
  EXPECT_EQ(Redact("Authorization: Bearer abc.DEF-123 sent"), "Authorization: Bearer [redacted] sent");
  EXPECT_EQ(Redact("t=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln;"), "t=[redacted];");
  EXPECT_EQ(Redact("postgresql://app:s3cr3t@127.0.0.1:5432/db"), "postgresql://app:[redacted]@127.0.0.1:5432/db");
  EXPECT_EQ(Redact("a -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY----- b"), "a [redacted] b");
  EXPECT_EQ(Redact("token hvs.CAESIJlongenoughtobeatoken00"), "token [redacted]");
  EXPECT_EQ(Redact("-----BEGIN PRIVATE KEY-----\ncut off"), "[redacted]");
}

TEST(RedactTest, OrdinaryTextStaysAsItIs) {
  for (const char* text : {"", "https://example.com/a?b=c", "s.o. said", "eyJ is a prefix", "bearer", "a://b",
                           "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}) {
    EXPECT_EQ(Redact(text), text);
  }
}

}  // namespace
}  // namespace gpuaas::platform
