#include "temporal/codec_aes/aes_gcm_codec.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/escaping.h"
#include "temporal/converter/payload.h"

namespace temporal {
namespace {

const std::string kKey = "test-key-test-key-test-key-test!";  // that of the samples of other SDKs

std::shared_ptr<const AesGcmCodec> Codec(std::map<std::string, std::string> keys, std::string current) {
  auto codec = AesGcmCodec::Create(std::move(keys), std::move(current));
  EXPECT_TRUE(codec.ok()) << codec.status();
  return *std::move(codec);
}
std::shared_ptr<const AesGcmCodec> Codec() { return Codec({{"test", kKey}}, "test"); }
Payload Text(const std::string& text) { return *ToPayload(text); }

TEST(AesGcmCodec, WhatIsEncryptedComesBack) {
  const auto codec = Codec();
  const std::vector<Payload> values = {Text("secret"), *ToPayload(Nothing()),
                                       *ToPayload(Bytes{std::string(1 << 20, 'x')})};
  const auto encoded = codec->Encode(values);
  ASSERT_TRUE(encoded.ok());
  ASSERT_EQ(encoded->size(), values.size());
  for (const Payload& payload : *encoded) {
    EXPECT_EQ(payload.metadata().at("encoding"), "binary/encrypted");
    EXPECT_EQ(payload.metadata().at("encryption-key-id"), "test");
    EXPECT_EQ(payload.data().find("secret"), std::string::npos);
  }
  const auto decoded = codec->Decode(*encoded);
  ASSERT_TRUE(decoded.ok());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ((*decoded)[i].data(), values[i].data());
    EXPECT_EQ((*decoded)[i].metadata().at("encoding"), values[i].metadata().at("encoding"));
  }
}

TEST(AesGcmCodec, NoNonceTwice) {
  const auto codec = Codec();
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert((*codec->Encode({Text("same")}))[0].data().substr(0, 12));
  EXPECT_EQ(seen.size(), 100u);
}

// Made with Python's cryptography package, as the samples of the Python SDK do: nonce, then ciphertext with its tag.
TEST(AesGcmCodec, ReadsWhatOtherSdksWrite) {
  Payload payload;
  (*payload.mutable_metadata())["encoding"] = "binary/encrypted";
  (*payload.mutable_metadata())["encryption-key-id"] = "test";
  payload.set_data(
      absl::HexStringToBytes("000102030405060708090a0bf92b89da276861d2657395a2a3f7f7d1e8a45622"
                             "938592d067eea33472e054827dfe790de2af91e6153b533057af97905f9609dc"));
  const auto decoded = Codec()->Decode({payload});
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*FromPayload<std::string>((*decoded)[0]), "Temporal");
}

TEST(AesGcmCodec, WhatWasChangedIsRefused) {
  const auto codec = Codec();
  const Payload sealed = (*codec->Encode({Text("secret")}))[0];
  for (size_t at = 0; at < sealed.data().size(); ++at) {
    Payload changed = sealed;
    (*changed.mutable_data())[at] ^= 1;
    EXPECT_EQ(codec->Decode({changed}).status().code(), absl::StatusCode::kDataLoss) << at;
    changed.set_data(sealed.data().substr(0, at));
    EXPECT_EQ(codec->Decode({changed}).status().code(), absl::StatusCode::kDataLoss) << at;
  }
  EXPECT_EQ(Codec({{"test", std::string(32, 'k')}}, "test")->Decode({sealed}).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(AesGcmCodec, KeysAreReplacedOneAfterTheOther) {
  const Payload old = (*Codec()->Encode({Text("old")}))[0];
  const auto rotated = Codec({{"test", kKey}, {"new", std::string(32, 'n')}}, "new");
  EXPECT_EQ((*rotated->Encode({Text("x")}))[0].metadata().at("encryption-key-id"), "new");
  EXPECT_EQ(*FromPayload<std::string>((*rotated->Decode({old}))[0]), "old");
  const auto dropped = Codec({{"new", std::string(32, 'n')}}, "new");
  EXPECT_EQ(dropped->Decode({old}).status().code(), absl::StatusCode::kNotFound);
}

TEST(AesGcmCodec, WhatIsNotEncryptedIsLeft) {
  const auto decoded = Codec()->Decode({Text("plain"), Payload()});
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*FromPayload<std::string>((*decoded)[0]), "plain");
}

TEST(AesGcmCodec, KeysAreChecked) {
  EXPECT_EQ(AesGcmCodec::Create({{"short", "key"}}, "short").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AesGcmCodec::Create({{"a", kKey}}, "b").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace temporal
