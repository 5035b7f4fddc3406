#include "platform/config/config.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "gmock/gmock.h"

namespace gpuaas::platform {
namespace {

class ConfigTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"GPUAAS_API_LISTEN", "GPUAAS_DEV_MODE", "GPUAAS_RETRIES"}) unsetenv(name);
  }
  void Parse(std::string arguments) {
    CLI::App app;
    AddSetting(app, "api-listen", listen_, "");
    AddSetting(app, "dev-mode", dev_mode_, "");
    AddSetting(app, "retries", retries_, "");
    app.parse(arguments);
  }
  std::string listen_ = "default";
  bool dev_mode_ = false;
  int retries_ = 3;
};

TEST_F(ConfigTest, KeepsTheDefaultWithoutFlagAndVariable) {
  Parse("");
  EXPECT_EQ(listen_, "default");
  EXPECT_FALSE(dev_mode_);
  EXPECT_EQ(retries_, 3);
}

TEST_F(ConfigTest, VariableBeatsDefault) {
  setenv("GPUAAS_API_LISTEN", "from-variable", 1);
  setenv("GPUAAS_DEV_MODE", "1", 1);
  setenv("GPUAAS_RETRIES", "7", 1);
  Parse("");
  EXPECT_EQ(listen_, "from-variable");
  EXPECT_TRUE(dev_mode_);
  EXPECT_EQ(retries_, 7);
}

TEST_F(ConfigTest, FlagBeatsVariable) {
  setenv("GPUAAS_API_LISTEN", "from-variable", 1);
  setenv("GPUAAS_DEV_MODE", "0", 1);
  Parse("--api-listen from-flag --dev-mode");
  EXPECT_EQ(listen_, "from-flag");
  EXPECT_TRUE(dev_mode_);
}

TEST_F(ConfigTest, EmptyVariableCountsAsUnset) {
  setenv("GPUAAS_API_LISTEN", "", 1);
  setenv("GPUAAS_DEV_MODE", "", 1);
  Parse("");
  EXPECT_EQ(listen_, "default");
  EXPECT_FALSE(dev_mode_);
}

TEST(ParseHostPort, TakesNamesAddressesAndBrackets) {
  auto v4 = ParseHostPort("127.0.0.1:8080");
  ASSERT_TRUE(v4.ok());
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 8080);
  auto v6 = ParseHostPort("[::1]:80");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->host, "::1");
}

TEST(ParseHostPort, RefusesTheRest) {
  for (const char* text : {"", "host", ":80", "host:", "host:0", "host:65536", "host:8a", "::1:80"}) {
    EXPECT_FALSE(ParseHostPort(text).ok()) << text;
  }
}

TEST(IsLoopback, KnowsLoopbackFromTheRest) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"}) EXPECT_TRUE(IsLoopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "127.evil.example", ""}) EXPECT_FALSE(IsLoopback(host)) << host;
}

}  // namespace
}  // namespace gpuaas::platform
