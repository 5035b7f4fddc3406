#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <functional>
#include <string>

#include "domain/status.h"
#include "platform/vault/vault.h"

namespace gpuaas::tests {

// A secret store in memory: the pepper, HMACs with a fixed key, and certificates that are only text.
class FakeVault final : public platform::Vault {
 public:
  absl::Status Check() override {
    if (hang) hang();
    return status;
  }
  absl::StatusOr<std::map<std::string, std::string>> ReadSecret(std::string_view path) override {
    if (!status.ok()) return status;
    if (path != "gpuaas/pepper") return MakeError(ErrorCode::kNotFound, "no such secret");
    return std::map<std::string, std::string>{{"value", "pepper"}};
  }
  absl::Status WriteSecret(std::string_view, const std::map<std::string, std::string>&) override { return status; }
  absl::Status DeleteSecret(std::string_view) override { return status; }
  absl::StatusOr<platform::TransitSignature> SignRs256(std::string_view, std::string_view) override { return Absent(); }
  absl::StatusOr<bool> VerifyRs256(std::string_view, std::string_view, const platform::TransitSignature&) override {
    return Absent();
  }
  absl::StatusOr<std::vector<platform::TransitPublicKey>> PublicKeys(std::string_view) override { return Absent(); }
  absl::StatusOr<platform::TransitSignature> Hmac(std::string_view key, std::string_view input) override {
    if (!status.ok()) return status;
    unsigned char mac[32];
    unsigned int size = 0;
    ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(input.data()),
           input.size(), mac, &size);
    return platform::TransitSignature{std::string(reinterpret_cast<char*>(mac), size), 1};
  }
  absl::StatusOr<bool> VerifyHmac(std::string_view, std::string_view, const platform::TransitSignature&) override {
    return Absent();
  }
  absl::StatusOr<platform::Certificate> IssueCertificate(const platform::CertificateRequest&) override {
    return Absent();
  }
  absl::StatusOr<platform::Certificate> SignCsr(const platform::CertificateRequest& request,
                                                std::string_view csr_pem) override {
    if (!status.ok()) return status;
    if (csr_pem == "bad") return MakeError(ErrorCode::kInvalidArgument, "the CSR is unusable");
    platform::Certificate certificate;
    certificate.certificate_pem = "certificate of " + request.common_name;
    for (const std::string& name : request.dns_names) certificate.certificate_pem += " " + name;
    certificate.ca_pem = "ca";
    certificate.serial = "01:02";
    return certificate;
  }
  absl::Status RevokeCertificate(std::string_view) override { return status; }
  absl::StatusOr<std::string> CaCertificate() override { return std::string("ca"); }

  absl::Status status;         // what every call fails with, unless OK
  std::function<void()> hang;  // before Check answers

 private:
  static absl::Status Absent() { return MakeError(ErrorCode::kInternal, "the fake has no such thing"); }
};

}  // namespace gpuaas::tests
