#include <gtest/gtest.h>

#include "temporal/converter/search_attributes.h"

namespace temporal {
namespace {

using namespace std::chrono_literals;

constexpr KeywordKey kCustomer{"Customer"};
constexpr TextKey kNote{"Note"};
constexpr IntKey kCount{"Count"};
constexpr DoubleKey kPrice{"Price"};
constexpr BoolKey kPaid{"Paid"};
constexpr DatetimeKey kDue{"Due"};
constexpr KeywordListKey kTags{"Tags"};

Payload Json(const std::string& text) { return converter_internal::JsonPayload(text); }

TEST(SearchAttributes, EachTypeComesBack) {
  const Time due = Time(std::chrono::sys_days(std::chrono::year(2030) / 2 / 28)) + 1h + 123456us;
  const auto values = SearchAttributes()
                          .Set(kCustomer, "acme")
                          .Set(kNote, "two words")
                          .Set(kCount, -7)
                          .Set(kPrice, 1.5)
                          .Set(kPaid, true)
                          .Set(kDue, due)
                          .Set(kTags, {"a", "b"})
                          .values();
  EXPECT_EQ(*GetSearchAttribute(values, kCustomer), "acme");
  EXPECT_EQ(*GetSearchAttribute(values, kNote), "two words");
  EXPECT_EQ(*GetSearchAttribute(values, kCount), -7);
  EXPECT_EQ(*GetSearchAttribute(values, kPrice), 1.5);
  EXPECT_EQ(*GetSearchAttribute(values, kPaid), true);
  EXPECT_EQ(*GetSearchAttribute(values, kDue), due);
  EXPECT_EQ(*GetSearchAttribute(values, kTags), (std::vector<std::string>{"a", "b"}));
}

TEST(SearchAttributes, AsTheServerReadsThem) {
  const auto values = SearchAttributes().Set(kDue, Time(1s)).Set(kTags, {"a"}).Set(kCount, 3).values();
  EXPECT_EQ(values.at("Due").data(), "\"1970-01-01T00:00:01+00:00\"");
  EXPECT_EQ(values.at("Due").metadata().at("type"), "Datetime");
  EXPECT_EQ(values.at("Due").metadata().at("encoding"), "json/plain");
  EXPECT_EQ(values.at("Tags").data(), "[\"a\"]");
  EXPECT_EQ(values.at("Tags").metadata().at("type"), "KeywordList");
  EXPECT_EQ(values.at("Count").data(), "3");
}

TEST(SearchAttributes, WhatIsNotThereIsNothing) {
  const auto values = SearchAttributes().Unset(kPaid).values();
  EXPECT_EQ(values.at("Paid").metadata().at("encoding"), "binary/null");
  EXPECT_EQ(*GetSearchAttribute(values, kPaid), std::nullopt);
  EXPECT_EQ(*GetSearchAttribute(values, kCustomer), std::nullopt);
  EXPECT_EQ(*GetSearchAttribute({{"Customer", Json("[]")}}, kCustomer), std::nullopt);
  EXPECT_EQ(*GetSearchAttribute({{"Customer", Json("null")}}, kCustomer), std::nullopt);
}

TEST(SearchAttributes, OneValueInAListIsThatValueAndAsAListAValueIsOne) {
  EXPECT_EQ(*GetSearchAttribute({{"Count", Json("[4]")}}, kCount), 4);
  EXPECT_EQ(*GetSearchAttribute({{"Tags", Json("\"a\"")}}, kTags), std::vector<std::string>{"a"});
}

TEST(SearchAttributes, AnotherTypeIsAnError) {
  for (const char* text : {"\"x\"", "[1,2]", "{}", "1.5", "no json"}) {
    EXPECT_EQ(GetSearchAttribute({{"Count", Json(text)}}, kCount).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_EQ(GetSearchAttribute({{"Due", Json("\"yesterday\"")}}, kDue).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetSearchAttribute({{"Tags", Json("[1]")}}, kTags).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace temporal
