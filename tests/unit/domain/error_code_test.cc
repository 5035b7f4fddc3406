#include "domain/error_code.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "domain/status.h"

namespace gpuaas {
namespace {

TEST(ErrorCodeTest, TableIsInTheOrderOfTheEnumAndItsNamesAreUnique) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kErrorCodes.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kErrorCodes[i].code), i) << kErrorCodes[i].name;
    EXPECT_TRUE(names.insert(kErrorCodes[i].name).second) << kErrorCodes[i].name;
    EXPECT_EQ(ErrorCodeFromName(kErrorCodes[i].name), kErrorCodes[i].code);
  }
  EXPECT_EQ(kErrorCodes.back().code, ErrorCode::kInternal) << "a code without a row";
  EXPECT_FALSE(ErrorCodeFromName("nonsense"));
}

TEST(ErrorCodeTest, StatusCarriesCodeMessageAndDetails) {
  for (const ErrorInfo& info : kErrorCodes) {
    const absl::Status status = MakeError(info.code, "why", R"({"a":1})");
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(ErrorCodeOf(status), info.code);
    EXPECT_EQ(DetailsOf(status), R"({"a":1})");
  }
  EXPECT_EQ(DetailsOf(MakeError(ErrorCode::kNotFound, "why")), "");
}

TEST(ErrorCodeTest, ForeignStatusesGetTheNearestCode) {
  EXPECT_EQ(ErrorCodeOf(absl::NotFoundError("")), ErrorCode::kNotFound);
  EXPECT_EQ(ErrorCodeOf(absl::UnavailableError("")), ErrorCode::kUnavailable);
  EXPECT_EQ(ErrorCodeOf(absl::DataLossError("")), ErrorCode::kInternal);
}

}  // namespace
}  // namespace gpuaas
