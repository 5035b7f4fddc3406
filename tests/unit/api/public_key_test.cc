#include "api/iam/public_key.h"

#include "domain/status.h"
#include "gmock/gmock.h"

namespace gpuaas::api {
namespace {

constexpr char kEd25519[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILfYZtAkbmNlIM3LYHA+er6gPaGbcRJb2yekk5j8MHIp";

TEST(ParsePublicKey, KeepsTypeAndKeyAndShowsTheFingerprintOfSshKeygen) {
  auto key = ParsePublicKey(std::string(kEd25519) + " root@vm\n");
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->line, kEd25519);
  EXPECT_EQ(key->fingerprint, "SHA256:8YOWvWN8RDtk0XQu8okZaFjkZNMiLGsKA1aLuxFjeCI");
  EXPECT_EQ(ParsePublicKey(kEd25519)->fingerprint, key->fingerprint);
}

TEST(ParsePublicKey, RefusesTheRest) {
  const std::string key = kEd25519;
  for (const std::string& text :
       {std::string(), std::string("ssh-ed25519"), std::string("ssh-ed25519 "), std::string("ssh-ed25519 !!!!"),
        key.substr(0, key.size() - 4), "ssh-rsa" + key.substr(11), "command=\"sh\" " + key, key + "\n" + key,
        "ssh-dss " + key.substr(12), key + "\r\nssh-rsa AAAA",
        std::string("-----BEGIN OPENSSH PRIVATE KEY----- abc")}) {
    auto parsed = ParsePublicKey(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(ErrorCodeOf(parsed.status()), ErrorCode::kInvalidArgument);
    EXPECT_THAT(DetailsOf(parsed.status()), testing::HasSubstr("public_key"));
  }
}

}  // namespace
}  // namespace gpuaas::api
