#include "platform/auth/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <nlohmann/json.hpp>

#include "domain/status.h"
#include "gmock/gmock.h"
#include "platform/auth/base64url.h"
#include "platform/auth/verifier.h"
#include "tests/mocks/auth/local_key.h"

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

using tests::LocalKey;

class TokenTest : public testing::Test {
 protected:
  static LocalKey& key() {
    static LocalKey key;  // making one costs a good part of a second
    return key;
  }
  static std::chrono::sys_seconds Now() { return std::chrono::sys_seconds(seconds(1'800'000'000)); }
  static Claims GoodClaims() {
    return Claims{.subject = "usr_1",
                  .name = "dev-user",
                  .tenant_id = "tnt_1",
                  .tenant = "acme",
                  .platform_roles = {"platform_admin"},
                  .projects = {{"prj_1", "ml-research", "project_admin"}},
                  .token_id = "jti-1",
                  .issued_at = Now(),
                  .expires_at = Now() + kTokenLifetime};
  }
  static Json GoodPayload() {
    std::string token = *IssueToken(GoodClaims(), key());
    std::size_t first = token.find('.');
    return Json::parse(*Base64UrlDecode(token.substr(first + 1, token.rfind('.') - first - 1)));
  }
  static std::string Signed(const Json& header, const Json& payload) {
    std::string message = Base64UrlEncode(header.dump()) + "." + Base64UrlEncode(payload.dump());
    return message + "." + Base64UrlEncode(key().Sign(message)->bytes);
  }
  ErrorCode CodeFor(std::string_view token, std::chrono::sys_seconds now = Now()) {
    auto claims = verifier_.Verify(token, now);
    EXPECT_FALSE(claims.ok()) << token;
    return claims.ok() ? ErrorCode::kInternal : ErrorCodeOf(claims.status());
  }

  const Json header_ = {{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "1"}};
  TokenVerifier verifier_{key()};
};

TEST_F(TokenTest, RoundTripKeepsEveryClaim) {
  auto claims = verifier_.Verify(*IssueToken(GoodClaims(), key()), Now());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->subject, "usr_1");
  EXPECT_EQ(claims->tenant_id, "tnt_1");
  EXPECT_EQ(claims->tenant, "acme");
  EXPECT_THAT(claims->platform_roles, testing::ElementsAre("platform_admin"));
  ASSERT_EQ(claims->projects.size(), 1u);
  EXPECT_EQ(claims->projects[0].role, "project_admin");
  EXPECT_EQ(claims->expires_at, Now() + kTokenLifetime);
}

TEST_F(TokenTest, ExpiredHasItsOwnCode) {
  std::string token = *IssueToken(GoodClaims(), key());
  EXPECT_TRUE(verifier_.Verify(token, Now() + kTokenLifetime - seconds(1)).ok());
  EXPECT_EQ(CodeFor(token, Now() + kTokenLifetime), ErrorCode::kTokenExpired);
}

TEST_F(TokenTest, NotYetValidIsInvalid) {
  std::string token = *IssueToken(GoodClaims(), key());
  EXPECT_TRUE(verifier_.Verify(token, Now() - kTokenLeeway).ok());
  EXPECT_EQ(CodeFor(token, Now() - kTokenLeeway - seconds(1)), ErrorCode::kTokenInvalid);
}

TEST_F(TokenTest, AlgorithmNoneIsRefusedWithAndWithoutSignature) {
  Json none = header_;
  for (const char* alg : {"none", "None", "NONE", ""}) {
    none["alg"] = alg;
    std::string message = Base64UrlEncode(none.dump()) + "." + Base64UrlEncode(GoodPayload().dump()) + ".";
    EXPECT_EQ(CodeFor(message), ErrorCode::kTokenInvalid);
    EXPECT_EQ(CodeFor(Signed(none, GoodPayload())), ErrorCode::kTokenInvalid);
  }
}

TEST_F(TokenTest, Hs256WithThePublicKeyAsSecretIsRefused) {
  Json header = header_;
  header["alg"] = "HS256";
  std::string message = Base64UrlEncode(header.dump()) + "." + Base64UrlEncode(GoodPayload().dump());
  std::string pem = key().Pem();
  unsigned char mac[32];
  unsigned int size = 0;
  HMAC(EVP_sha256(), pem.data(), static_cast<int>(pem.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), mac, &size);
  std::string token = message + "." + Base64UrlEncode({reinterpret_cast<char*>(mac), size});
  EXPECT_EQ(CodeFor(token), ErrorCode::kTokenInvalid);
}

TEST_F(TokenTest, ForgedPayloadSignatureAndKeyAreRefused) {
  std::string token = *IssueToken(GoodClaims(), key());
  std::string head = token.substr(0, token.find('.')), signature = token.substr(token.rfind('.'));
  Json payload = GoodPayload();
  payload["tenant_id"] = "tnt_2";
  EXPECT_EQ(CodeFor(head + "." + Base64UrlEncode(payload.dump()) + signature), ErrorCode::kTokenInvalid);
  EXPECT_EQ(CodeFor(token.substr(0, token.rfind('.') + 1)), ErrorCode::kTokenInvalid);
  LocalKey other;  // same key id, another key
  EXPECT_EQ(CodeFor(*IssueToken(GoodClaims(), other)), ErrorCode::kTokenInvalid);
}

TEST_F(TokenTest, WrongAudienceAndIssuerAreRefused) {
  for (const char* claim : {"aud", "iss"}) {
    Json payload = GoodPayload();
    payload[claim] = "somebody-else";
    EXPECT_EQ(CodeFor(Signed(header_, payload)), ErrorCode::kTokenInvalid) << claim;
    payload[claim] = Json::array({"gpuaas", "gpuaas-api"});
    EXPECT_EQ(CodeFor(Signed(header_, payload)), ErrorCode::kTokenInvalid) << claim;
  }
}

TEST_F(TokenTest, EveryClaimIsRequiredWithItsType) {
  const Json good = GoodPayload();
  for (const auto& [claim, value] : good.items()) {
    Json payload = good;
    payload.erase(claim);
    EXPECT_EQ(CodeFor(Signed(header_, payload)), ErrorCode::kTokenInvalid) << "without " << claim;
    payload[claim] = Json::object();
    EXPECT_EQ(CodeFor(Signed(header_, payload)), ErrorCode::kTokenInvalid) << "mistyped " << claim;
  }
  Json payload = GoodPayload();
  payload["exp"] = 1e300;
  EXPECT_EQ(CodeFor(Signed(header_, payload)), ErrorCode::kTokenInvalid);
}

TEST_F(TokenTest, GarbageIsRefused) {
  for (const char* token : {"", ".", "..", "...", "a.b.c", "e30.e30.e30", "W10.W10.W10", "====.====.===="}) {
    EXPECT_EQ(CodeFor(token), ErrorCode::kTokenInvalid) << token;
  }
  EXPECT_EQ(CodeFor(std::string(1 << 20, 'a') + ".b.c"), ErrorCode::kTokenInvalid);
  EXPECT_EQ(CodeFor(Signed(Json::array(), GoodPayload())), ErrorCode::kTokenInvalid);
  EXPECT_EQ(CodeFor(Signed(header_, Json::array({1}))), ErrorCode::kTokenInvalid);
  Json critical = header_;
  critical["crit"] = Json::array({"exp"});
  EXPECT_EQ(CodeFor(Signed(critical, GoodPayload())), ErrorCode::kTokenInvalid);
}

TEST_F(TokenTest, UnknownKeyIdFetchesKeysOnceInAWhile) {
  ASSERT_TRUE(verifier_.Verify(*IssueToken(GoodClaims(), key()), Now()).ok());
  int before = key().fetches;
  Json header = header_;
  header["kid"] = "42";
  std::string forged = Signed(header, GoodPayload());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(CodeFor(forged), ErrorCode::kTokenInvalid);
  EXPECT_EQ(key().fetches, before);
  CodeFor(forged, Now() + TokenVerifier::kRefetch);
  EXPECT_EQ(key().fetches, before + 1);
}

TEST_F(TokenTest, UnreachableKeySourceIsNotTheTokensFault) {
  LocalKey down;
  down.available = false;
  TokenVerifier verifier(down);
  auto claims = verifier.Verify(*IssueToken(GoodClaims(), down), Now());
  ASSERT_FALSE(claims.ok());
  EXPECT_EQ(ErrorCodeOf(claims.status()), ErrorCode::kVaultUnavailable);
}

}  // namespace
}  // namespace gpuaas::platform
