#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// Keys, certificate requests and certificates in PEM, over OpenSSL. All functions are thread-safe.
namespace gpuaas::platform {

// A fresh EC P-256 private key. kInternal: no randomness.
absl::StatusOr<std::string> GenerateKey();

// A certificate request signed with that key. Addresses among `names` become IP names, the others DNS names.
// kInvalidArgument: unusable key.
absl::StatusOr<std::string> MakeCsr(std::string_view key_pem, std::string_view common_name,
                                    const std::vector<std::string>& names);

struct CertificateInfo {
  std::string common_name;
  std::vector<std::string> organizational_units;
  std::vector<std::string> names;  // subject alternative names, DNS and IP
  std::string serial;              // "aa:bb:..."
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
};

// Of the first certificate in the text. kInvalidArgument: there is none.
absl::StatusOr<CertificateInfo> ParseCertificate(std::string_view pem);

// What a certificate request asks for, after checking its own signature. kInvalidArgument: malformed or forged.
struct CsrInfo {
  std::string common_name;
  std::vector<std::string> names;
  std::string public_key;  // PEM
};
absl::StatusOr<CsrInfo> ParseCsr(std::string_view pem);

// The signature of `text` by that private key, over its SHA-256. kInvalidArgument: unusable key.
absl::StatusOr<std::string> Sign(std::string_view key_pem, std::string_view text);

// Whether whoever has the private part of that public key (PEM) made `signature` of `text`.
bool IsSignature(std::string_view public_key_pem, std::string_view text, std::string_view signature);

}  // namespace gpuaas::platform
