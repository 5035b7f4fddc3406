#include "temporal/codec_server/codec_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace temporal {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kUi[] = "http://localhost:8233";

class Shouting : public PayloadCodec {
 public:
  absl::StatusOr<std::vector<Payload>> Encode(std::vector<Payload> payloads) const override {
    for (Payload& payload : payloads) payload.mutable_data()->push_back('!');
    return payloads;
  }
  absl::StatusOr<std::vector<Payload>> Decode(std::vector<Payload> payloads) const override {
    for (Payload& payload : payloads) {
      if (payload.data().empty()) throw std::runtime_error("nothing there");
      if (payload.data().back() != '!') return absl::DataLossError("not shouted");
      payload.mutable_data()->pop_back();
    }
    return payloads;
  }
};

CodecResponse Ask(const std::string& path, const std::string& body, const std::string& method = "POST",
                  const std::string& origin = {}) {
  return AnswerCodecRequest({method, path, origin, body}, Shouting(), {kUi});
}

TEST(CodecProtocol, EncodesAndDecodesPayloadsAsJson) {
  const auto encoded = Ask("/encode", R"({"payloads":[{"metadata":{"encoding":"eA=="},"data":"YQ=="}]})");
  EXPECT_EQ(encoded.status, 200);
  EXPECT_EQ(encoded.body, R"({"payloads":[{"metadata":{"encoding":"eA=="},"data":"YSE="}]})");
  const auto decoded = Ask("/prefix/decode?namespace=default", encoded.body);
  EXPECT_EQ(decoded.status, 200);
  EXPECT_THAT(decoded.body, HasSubstr(R"("data":"YQ==")"));
  EXPECT_THAT(decoded.headers, Contains(Pair("Content-Type", "application/json")));
  EXPECT_EQ(Ask("/decode", "{}").body, "{}");
}

TEST(CodecProtocol, PagesOfKnownOriginsMayAsk) {
  const auto preflight = Ask("/decode", "", "OPTIONS", kUi);
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(preflight.headers, Contains(Pair("Access-Control-Allow-Origin", kUi)));
  EXPECT_THAT(preflight.headers, Contains(Pair("Access-Control-Allow-Methods", HasSubstr("POST"))));
  EXPECT_THAT(preflight.headers, Contains(Pair("Access-Control-Allow-Headers", HasSubstr("X-Namespace"))));
  const auto asked = Ask("/encode", R"({"payloads":[]})", "POST", kUi);
  EXPECT_EQ(asked.status, 200);
  EXPECT_THAT(asked.headers, Contains(Pair("Access-Control-Allow-Origin", kUi)));
  const auto foreign = Ask("/decode", "{}", "POST", "https://elsewhere.example");
  EXPECT_EQ(foreign.status, 403);
  EXPECT_TRUE(foreign.body.find("payloads") == std::string::npos);
}

TEST(CodecProtocol, BadRequestsAreRefused) {
  EXPECT_EQ(Ask("/elsewhere", "{}").status, 404);
  EXPECT_EQ(Ask("/decode", "{}", "GET").status, 405);
  for (const char* body : {"", "{", "[]", R"({"payloads":7})", R"({"payloads":[{"data":"*"}]})", R"({"x":1})"}) {
    EXPECT_EQ(Ask("/decode", body).status, 400) << body;
  }
  const auto failed = Ask("/decode", R"({"payloads":[{"data":"YQ=="}]})");
  EXPECT_EQ(failed.status, 400);
  EXPECT_EQ(failed.body, "not shouted");
  EXPECT_EQ(Ask("/decode", R"({"payloads":[{}]})").status, 400);
}

}  // namespace
}  // namespace temporal
