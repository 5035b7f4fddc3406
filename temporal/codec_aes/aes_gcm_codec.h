#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "temporal/converter/codec.h"

namespace temporal {

// Encrypts payloads with AES-256-GCM, in the form of the samples of other Temporal SDKs: the whole payload serialized,
// as 12 random bytes (the nonce), ciphertext and 16 bytes of tag in `data`; metadata `encoding` = "binary/encrypted"
// and `encryption-key-id`. Payloads of other encodings are decoded as they are, so that codecs can be introduced while
// workflows run. With random nonces a key should not encrypt more than 2^32 payloads: give it a successor before.
//
// Errors: decoding kNotFound for a key id that is not there; kDataLoss for what was changed, cut off or encrypted with
// another key.
class AesGcmCodec : public PayloadCodec {
 public:
  static constexpr size_t kKeyBytes = 32;

  // `keys`: 32 bytes each, by id. Encrypts with the one named `current`, decrypts with all of them.
  // kInvalidArgument: no such key, or one that is not 32 bytes long.
  static absl::StatusOr<std::shared_ptr<const AesGcmCodec>> Create(std::map<std::string, std::string> keys,
                                                                   std::string current);

  absl::StatusOr<std::vector<Payload>> Encode(std::vector<Payload> payloads) const override;
  absl::StatusOr<std::vector<Payload>> Decode(std::vector<Payload> payloads) const override;

 private:
  AesGcmCodec(std::map<std::string, std::string> keys, std::string current);

  const std::map<std::string, std::string> keys_;
  const std::string current_;
};

}  // namespace temporal
