#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "cli/core/credentials.h"
#include "cli/core/error.h"
#include "cli/core/home.h"
#include "cli/core/ids.h"
#include "cli/core/settings.h"
#include "cli/core/sse.h"
#include "cli/core/trace.h"
#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// ---- settings

Settings Resolve(const std::map<std::string, std::string>& flags, const std::map<std::string, std::string>& environment,
                 const std::filesystem::path& profile) {
  return Settings::Resolve(
      flags,
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        return found == environment.end() ? std::nullopt : std::optional(found->second);
      },
      profile);
}

TEST(SettingsTest, FlagThenEnvironmentThenProfileThenDefault) {
  const TemporaryFolder folder;
  const auto profile = folder.path() / "context.json";
  EXPECT_EQ(Resolve({}, {}, profile).Get("url"), "https://localhost:8443");
  EXPECT_EQ(Resolve({}, {}, profile).Find("tenant").origin, "not set");
  WriteFileAtomically(profile, R"({"tenant": "from-profile", "url": "https://profile"})");
  EXPECT_EQ(Resolve({}, {}, profile).Get("tenant"), "from-profile");
  EXPECT_EQ(Resolve({}, {}, profile).Find("tenant").origin, profile.string());
  const std::map<std::string, std::string> environment = {{"GPUAAS_TENANT", "from-env"}};
  EXPECT_EQ(Resolve({}, environment, profile).Get("tenant"), "from-env");
  EXPECT_EQ(Resolve({}, environment, profile).Find("tenant").origin, "GPUAAS_TENANT");
  EXPECT_EQ(Resolve({{"tenant", "from-flag"}}, environment, profile).Get("tenant"), "from-flag");
  EXPECT_EQ(Resolve({{"ca_file", "x"}}, environment, profile).Find("ca_file").origin, "--ca-file");
  EXPECT_EQ(Resolve({{"url", "https://a.example/"}}, environment, profile).Get("url"), "https://a.example");
}

TEST(SettingsTest, DamagedProfileIsNamed) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder.path() / "context.json", "{");
  EXPECT_THROW(Resolve({}, {}, folder.path() / "context.json"), CliError);
}

// ---- files

TEST(HomeTest, FilesArePrivate) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "new" / "credentials.json";
  WriteFileAtomically(file, "one");
  WriteFileAtomically(file, "two");
  EXPECT_EQ(ReadFile(file), "two");
  struct stat info{};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(file.parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file.parent_path()), {}),
            1);  // no temporary file is left
  EXPECT_EQ(ReadFile(folder.path() / "none"), std::nullopt);
}

TEST(HomeTest, LockExcludes) {
  const TemporaryFolder folder;
  std::optional<FileLock> held = FileLock::Try(folder.path() / "lock");
  ASSERT_TRUE(held);
  EXPECT_FALSE(FileLock::Try(folder.path() / "lock"));
  held.reset();
  EXPECT_TRUE(FileLock::Try(folder.path() / "lock"));
}

TEST(CredentialsTest, ALoginIsForItsServerOnly) {
  const TemporaryFolder folder;
  Credentials credentials(folder.path() / "credentials.json");
  EXPECT_FALSE(credentials.Find("https://a"));
  credentials.Store("https://a", {"ann", "token-a", "2025-01-01T00:15:00Z"});
  EXPECT_EQ(credentials.Find("https://a")->access_token, "token-a");
  EXPECT_FALSE(credentials.Find("https://b"));
  EXPECT_FALSE(credentials.Remove("https://b"));
  EXPECT_EQ(ValidFor(*credentials.Find("https://a"), *ParseTime("2025-01-01T00:01:00Z")), std::chrono::minutes(14));
  EXPECT_TRUE(credentials.Remove("https://a"));
  EXPECT_FALSE(credentials.Remove("https://a"));
  EXPECT_FALSE(credentials.Find("https://a"));
}

// ---- ids

TEST(IdsTest, NewIdsAreWholeAndOrdered) {
  const std::string id = NewId("cli");
  EXPECT_TRUE(IsWholeId(id, "cli"));
  EXPECT_EQ(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 4), std::string::npos);
  EXPECT_NE(NewId("cli"), id);
  EXPECT_EQ(NewId("cli").substr(0, 9), id.substr(0, 9));  // the time leads
}

TEST(IdsTest, Prefixes) {
  EXPECT_TRUE(IsWholeId(kId, "alloc"));
  EXPECT_FALSE(IsWholeId("alloc_01J8", "alloc"));
  EXPECT_TRUE(MatchesId("alloc_01J8", kId));
  EXPECT_TRUE(MatchesId("01j8", kId));
  EXPECT_FALSE(MatchesId("1J8", kId));
  EXPECT_FALSE(MatchesId("", kId));
}

TEST(IdsTest, SuggestsTheNearest) {
  const std::vector<std::string> known = {"allocations", "auth", "api", "catalog", "context", "nodes"};
  EXPECT_THAT(Suggest("allocatoins", known), ElementsAre("allocations"));
  EXPECT_THAT(Suggest("node", known), ElementsAre("nodes"));
  EXPECT_THAT(Suggest("zzz", known), IsEmpty());
}

// ---- errors

TEST(ErrorTest, EveryCodeMapsToItsExit) {
  for (const ErrorInfo& info : kErrorCodes) {
    EXPECT_EQ(ExitOf(info.name, info.http_status), info.exit) << info.name;
    EXPECT_EQ(CliError(info.code, "x").exit, info.exit);
  }
  EXPECT_EQ(ExitOf("a_newer_code", 404), ExitCode::kNotFound);
  EXPECT_EQ(ExitOf("a_newer_code", 503), ExitCode::kUnavailable);
  EXPECT_EQ(ExitOf("a_newer_code"), ExitCode::kFailed);
}

TEST(ErrorTest, EnvelopeOfTheServer) {
  const Json envelope = {
      {"code", "invalid_argument"},
      {"message", "two fields are wrong"},
      {"correlation_id", "corr_1"},
      {"details",
       {{"fields",
         {{{"field", "gpus"}, {"problem", "must be at least 1"}}, {{"field", "sku"}, {"problem", "is empty"}}}}}}};
  const CliError error = ErrorOfResponse(400, envelope.dump(), "corr_header");
  EXPECT_EQ(error.exit, ExitCode::kUsage);
  EXPECT_EQ(Envelope(error)["details"], envelope["details"]);
  const std::string text = Explain(error, Terminal{});
  EXPECT_THAT(
      text, HasSubstr("error: two fields are wrong (invalid_argument)\n  gpus: must be at least 1\n  sku: is empty\n"));
  EXPECT_THAT(text, HasSubstr("correlation: corr_1"));
}

TEST(ErrorTest, AnswersThatAreNotOurs) {
  const CliError error = ErrorOfResponse(502, "<html>bad gateway</html>", "");
  EXPECT_EQ(error.exit, ExitCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("502"));
  EXPECT_THAT(Explain(ErrorOfResponse(500, R"({"code":"x\u001b[31m","message":"m\u001b[2J"})", ""), Terminal{}),
              Not(HasSubstr("\x1b")));
}

// ---- event stream

TEST(EventStreamTest, PiecesMayEndAnywhere) {
  const std::string stream =
      ": hello\nid: 7\nevent: allocation.active\ndata: {\"a\":\ndata: 1}\n\nretry: 5\n\r\nevent:end\ndata\n\n";
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    EventStreamParser parser;
    std::vector<ServerEvent> events;
    for (std::size_t at = 0; at < stream.size(); at += size) {
      parser.Feed(stream.substr(at, size), [&](const ServerEvent& event) { events.push_back(event); });
    }
    ASSERT_EQ(events.size(), 2u) << size;
    EXPECT_EQ(events[0].id, "7");
    EXPECT_EQ(events[0].type, "allocation.active");
    EXPECT_EQ(events[0].data, "{\"a\":\n1}");
    EXPECT_EQ(events[1].type, "end");
  }
}

// ---- trace

TEST(TraceTest, Redacts) {
  EXPECT_EQ(RedactedUrl("https://h/p?token=abc&limit=5"), "https://h/p?token=...&limit=...");
  EXPECT_EQ(RedactedUrl("https://h/p"), "https://h/p");
  EXPECT_EQ(RedactedHeader("Authorization", "Bearer secret"), "<13 characters>");
  EXPECT_EQ(RedactedHeader("X-Idempotency-Key", "my-run-001"), "<10 characters>");
  EXPECT_EQ(RedactedHeader("content-type", "application/json"), "application/json");
}

}  // namespace
}  // namespace gpuaas::cli
