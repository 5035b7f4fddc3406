#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/render/output.h"
#include "cli/render/table.h"
#include "cli/render/text.h"
#include "cli/render/time.h"
#include "cli/render/yaml.h"

namespace gpuaas::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

const TimePoint kNow = *ParseTime("2025-01-02T03:04:05Z");

TEST(PrintableTest, StripsTerminalControl) {
  EXPECT_EQ(Printable("a\x1b[31mred\x1b[0mb"), "aredb");
  EXPECT_EQ(Printable("x\x1b]0;title\x07y"), "xy");
  EXPECT_EQ(Printable("x\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\y"), "xlinky");
  EXPECT_EQ(Printable("a\xC2\x9B"
                      "31mb"),
            "ab");  // C1 introducer in UTF-8
  EXPECT_EQ(Printable("bell\x07 back\x08 del\x7f"), "bell back del");
  EXPECT_EQ(Printable("left\xE2\x80\xAEright"), "leftright");  // direction override
  EXPECT_EQ(Printable("cut\x1b["), "cut");
  EXPECT_EQ(Printable("bad\xff"), "bad\xEF\xBF\xBD");
  EXPECT_EQ(Printable("two\nlines\tx"), "two lines x");
  EXPECT_EQ(Printable("two\nlines", /*keep_lines=*/true), "two\nlines");
  EXPECT_EQ(Printable("naïve 東京"), "naïve 東京");
}

TEST(WidthTest, CountsColumns) {
  EXPECT_EQ(Width("abc"), 3u);
  EXPECT_EQ(Width("東京"), 4u);
  EXPECT_EQ(Truncate("abcdef", 4), "abc…");
  EXPECT_EQ(Truncate("東京都", 4), "東…");
  EXPECT_EQ(Truncate("abc", 3), "abc");
  EXPECT_EQ(Pad("東", 4), "東  ");
}

TEST(TimeTest, ReadsAndWritesRfc3339) {
  EXPECT_EQ(FormatTime(*ParseTime("2025-01-31T12:00:00.123Z")), "2025-01-31T12:00:00Z");
  EXPECT_EQ(FormatTime(*ParseTime("2025-01-31T12:00:00+02:00")), "2025-01-31T10:00:00Z");
  EXPECT_EQ(*ParseTime("2025-01-31T12:00:00.5Z") - *ParseTime("2025-01-31T12:00:00Z"), 500ms);
  for (const char* wrong : {"", "yesterday", "2025-02-30T00:00:00Z", "2025-01-01T25:00:00Z", "2025-01-01T00:00:00"}) {
    EXPECT_FALSE(ParseTime(wrong)) << wrong;
  }
}

TEST(TimeTest, Durations) {
  EXPECT_EQ(FormatDuration(400ms), "0.4s");
  EXPECT_EQ(FormatDuration(2s), "2s");
  EXPECT_EQ(FormatDuration(4min + 2s), "4m02s");
  EXPECT_EQ(FormatDuration(3h + 5min), "3h05m");
  EXPECT_EQ(FormatDuration(52h), "2d04h");
  EXPECT_EQ(ParseDuration("90"), 90s);
  EXPECT_EQ(ParseDuration("1h30m"), 90min);
  EXPECT_EQ(ParseDuration("500ms"), 500ms);
  EXPECT_EQ(ParseDuration("7d"), 168h);
  EXPECT_EQ(ParseDuration("0"), 0s);
  for (const char* wrong : {"", "h", "-5m", "5x", "1h30", "5 m", "99999999999h"})
    EXPECT_FALSE(ParseDuration(wrong)) << wrong;
}

TEST(YamlTest, BlockStyleAndQuoting) {
  const Json value = {{"id", "alloc_1"},
                      {"gpus", 8},
                      {"name", nullptr},
                      {"empty", Json::array()},
                      {"tricky", {"yes", "12", "a: b", "", "line\nbreak", "2025-01-02", "# no", "-x"}},
                      {"placement", {{"node", "node-0"}, {"gpus", {0, 1}}}},
                      {"steps", {{{"name", "a"}, {"tags", {"x"}}}, {{"name", "b"}}}}};
  EXPECT_EQ(ToYaml(value), R"(id: alloc_1
gpus: 8
name: null
empty: []
tricky:
  - "yes"
  - "12"
  - "a: b"
  - ""
  - "line\nbreak"
  - "2025-01-02"
  - "# no"
  - "-x"
placement:
  node: node-0
  gpus:
    - 0
    - 1
steps:
  - name: a
    tags:
      - x
  - name: b
)");
}

const Columns kColumns = {{"id", "id"},
                          {"state", "state", Column::Kind::kState},
                          {"created_at", "created_at", Column::Kind::kTime},
                          {"reason", "error.message"},
                          {"node", "node", Column::Kind::kText, /*wide=*/true}};

Json Items() {
  return Json::array({{{"id", "alloc_1"},
                       {"state", "active"},
                       {"created_at", "2025-01-02T03:03:05Z"},
                       {"error", nullptr},
                       {"node", "n0"}},
                      {{"id", "alloc_22"},
                       {"state", "failed"},
                       {"created_at", "2025-01-02T02:04:05Z"},
                       {"error", {{"message", "a very long explanation of what went wrong"}}},
                       {"node", "n1"}}});
}

TEST(TableTest, PipeIsWholeAndHasTimes) {
  EXPECT_EQ(Table(Items(), kColumns, true, Terminal{}, kNow),
            "ID        STATE   CREATED AT            REASON                                      NODE\n"
            "alloc_1   active  2025-01-02T03:03:05Z  -                                           n0\n"
            "alloc_22  failed  2025-01-02T02:04:05Z  a very long explanation of what went wrong  n1\n");
}

TEST(TableTest, TerminalIsCutAndColoured) {
  const std::string table = Table(Items(), kColumns, true, Terminal{true, true, 60}, kNow);
  EXPECT_THAT(table, HasSubstr("1m ago"));
  EXPECT_THAT(table, HasSubstr("…"));
  EXPECT_THAT(table, HasSubstr("\x1b[31mfailed\x1b[0m"));
  EXPECT_THAT(table, HasSubstr("alloc_22"));
}

TEST(TableTest, ANarrowTerminalFirstLosesEmptyColumns) {
  const Json items = Json::array({{{"id", "alloc_1"}, {"state", "active"}, {"node", "n0"}}});
  EXPECT_EQ(Table(items, kColumns, true, Terminal{true, false, 25}, kNow),
            "ID       STATE   NODE\nalloc_1  active  n0\n");
}

TEST(TableTest, ANarrowTerminalThenLosesTheLastColumnsUnlessTheyWereAskedFor) {
  EXPECT_EQ(Table(Items(), kColumns, true, Terminal{true, false, 25}, kNow),
            "ID        STATE\nalloc_1   active\nalloc_22  failed\n");
  Columns asked = kColumns;
  for (Column& column : asked) column.kept = true;
  EXPECT_THAT(Table(Items(), asked, true, Terminal{true, false, 25}, kNow), HasSubstr("NODE"));
}

TEST(TableTest, ServerTextCannotReachTheTerminal) {
  const Json items = Json::array({{{"id", "x\x1b[2J"}, {"state", "active"}}});
  EXPECT_THAT(Table(items, kColumns, false, Terminal{true, false, 80}, kNow), Not(HasSubstr("\x1b")));
}

struct Printed {
  std::string operator()(Format format, std::vector<std::string> fields = {}, std::vector<std::string> columns = {},
                         bool headers = true) const {
    std::ostringstream stream;
    Output output({format, std::move(fields), std::move(columns), headers}, Terminal{}, stream, kNow);
    output.List(Items(), "next", kColumns);
    return stream.str();
  }
};

TEST(OutputTest, Formats) {
  const Printed print;
  const Json page = Json::parse(print(Format::kJson));
  EXPECT_EQ(page["items"], Items());
  EXPECT_EQ(page["next_cursor"], "next");
  EXPECT_EQ(print(Format::kJsonl, {"id", "error.message"}),
            "{\"id\":\"alloc_1\",\"error.message\":null}\n"
            "{\"id\":\"alloc_22\",\"error.message\":\"a very long explanation of what went wrong\"}\n");
  EXPECT_EQ(print(Format::kNone), "");
  EXPECT_THAT(print(Format::kTable), Not(HasSubstr("NODE")));
  EXPECT_THAT(print(Format::kWide), HasSubstr("NODE"));
  EXPECT_EQ(print(Format::kTable, {}, {"node", "id"}, false), "n0  alloc_1\nn1  alloc_22\n");
}

TEST(OutputTest, JsonIsDefused) {
  std::ostringstream stream;
  Output output({Format::kJson}, Terminal{}, stream, kNow);
  const Json object = {{"name",
                        "a\x1b[31m\x7f\xC2\x9B"
                        "b"}};
  output.Object(object, {});
  EXPECT_THAT(stream.str(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(stream.str(), Not(HasSubstr("\x7f")));
  EXPECT_THAT(stream.str(), Not(HasSubstr("\xC2\x9B")));
  EXPECT_EQ(Json::parse(stream.str()), object);
}

}  // namespace
}  // namespace gpuaas::cli
