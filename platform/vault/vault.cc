#include "platform/vault/vault.h"

#include <ctime>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "domain/status.h"
#include "nlohmann/json.hpp"
#include "platform/vault/session.h"

namespace gpuaas::platform {
namespace {

using nlohmann::json;

absl::Status Unexpected(std::string_view what) {
  return MakeError(ErrorCode::kVaultUnavailable, "the secret store's answer lacks " + std::string(what));
}

std::string Joined(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

// "vault:v3:<base64>" is how transit writes signatures and HMACs.
absl::StatusOr<TransitSignature> ParseTransit(const json& data, const char* field) {
  const std::string text = data.is_object() ? data.value(field, "") : "";
  TransitSignature signature;
  const auto colon = text.find(':', 7);
  if (!text.starts_with("vault:v") || colon == text.npos ||
      !absl::SimpleAtoi(text.substr(7, colon - 7), &signature.key_version) ||
      !absl::Base64Unescape(text.substr(colon + 1), &signature.bytes)) {
    return Unexpected(field);
  }
  return signature;
}

std::string FormatTransit(const TransitSignature& signature) {
  return "vault:v" + std::to_string(signature.key_version) + ":" + absl::Base64Escape(signature.bytes);
}

std::string Base64(std::string_view bytes) { return absl::Base64Escape(ToAbsl(bytes)); }

// Transit answers 400 for a key that does not exist; for its callers that is "not found".
absl::Status KeyError(const absl::Status& status) {
  if (ErrorCodeOf(status) == ErrorCode::kInvalidArgument && status.message().find("key not found") != std::string::npos)
    return MakeError(ErrorCode::kNotFound, ToStd(status.message()));
  return status;
}

class VaultOverHttp final : public Vault {
 public:
  explicit VaultOverHttp(VaultOptions options) : session_(std::move(options)) {}

  absl::Status Check() override {
    auto seal = session_.CallOpenly("GET", "sys/seal-status", nullptr);
    if (!seal.ok()) return seal.status();
    if (seal->value("sealed", false)) return MakeError(ErrorCode::kVaultSealed, "the secret store is sealed");
    return session_.Call("GET", "auth/token/lookup-self", nullptr).status();
  }

  absl::StatusOr<std::map<std::string, std::string>> ReadSecret(std::string_view path) override {
    auto data = session_.Call("GET", "secret/data/" + std::string(path), nullptr);
    if (!data.ok()) return data.status();
    if (!data->is_object() || !data->contains("data") || !(*data)["data"].is_object()) return Unexpected("data");
    std::map<std::string, std::string> fields;
    for (const auto& [name, value] : (*data)["data"].items()) {
      fields[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    return fields;
  }

  absl::Status WriteSecret(std::string_view path, const std::map<std::string, std::string>& fields) override {
    json body = {{"data", fields}};
    return session_.Call("POST", "secret/data/" + std::string(path), &body).status();
  }

  absl::Status DeleteSecret(std::string_view path) override {
    auto status = session_.Call("DELETE", "secret/metadata/" + std::string(path), nullptr).status();
    if (!status.ok() && ErrorCodeOf(status) == ErrorCode::kNotFound) return absl::OkStatus();
    return status;
  }

  absl::StatusOr<TransitSignature> SignRs256(std::string_view key, std::string_view message) override {
    json body = {{"input", Base64(message)}, {"hash_algorithm", "sha2-256"}, {"signature_algorithm", "pkcs1v15"}};
    return Signature("transit/sign/" + std::string(key), body, "signature");
  }

  absl::StatusOr<bool> VerifyRs256(std::string_view key, std::string_view message,
                                   const TransitSignature& signature) override {
    json body = {{"input", Base64(message)},
                 {"signature", FormatTransit(signature)},
                 {"hash_algorithm", "sha2-256"},
                 {"signature_algorithm", "pkcs1v15"}};
    return Verify(key, body);
  }

  absl::StatusOr<std::vector<TransitPublicKey>> PublicKeys(std::string_view key) override {
    auto data = session_.Call("GET", "transit/keys/" + std::string(key), nullptr);
    if (!data.ok()) return data.status();
    if (!data->is_object() || !data->contains("keys")) return Unexpected("keys");
    std::map<int, std::string> by_version;
    for (const auto& [version, value] : (*data)["keys"].items()) {
      int number = 0;
      if (!absl::SimpleAtoi(version, &number) || !value.is_object() || !value.contains("public_key")) {
        return Unexpected("public_key");
      }
      by_version[number] = value["public_key"].get<std::string>();
    }
    std::vector<TransitPublicKey> keys;
    for (auto& [version, pem] : by_version) keys.push_back({version, std::move(pem)});
    return keys;
  }

  absl::StatusOr<TransitSignature> Hmac(std::string_view key, std::string_view input) override {
    json body = {{"input", Base64(input)}, {"algorithm", "sha2-256"}};
    return Signature("transit/hmac/" + std::string(key), body, "hmac");
  }

  absl::StatusOr<bool> VerifyHmac(std::string_view key, std::string_view input, const TransitSignature& hmac) override {
    json body = {{"input", Base64(input)}, {"hmac", FormatTransit(hmac)}, {"hash_algorithm", "sha2-256"}};
    return Verify(key, body);
  }

  absl::StatusOr<Certificate> IssueCertificate(const CertificateRequest& request) override {
    json body = Body(request);
    body["key_type"] = "ec";
    body["key_bits"] = 256;
    return Certify("pki/issue/" + request.role, body);
  }

  absl::StatusOr<Certificate> SignCsr(const CertificateRequest& request, std::string_view csr_pem) override {
    json body = Body(request);
    body["csr"] = csr_pem;
    return Certify("pki/sign/" + request.role, body);
  }

  absl::Status RevokeCertificate(std::string_view serial) override {
    json body = {{"serial_number", serial}};
    return session_.Call("POST", "pki/revoke", &body).status();
  }

  absl::StatusOr<std::string> CaCertificate() override {
    auto data = session_.Call("GET", "pki/cert/ca", nullptr);
    if (!data.ok()) return data.status();
    if (!data->is_object() || !data->contains("certificate")) return Unexpected("certificate");
    return (*data)["certificate"].get<std::string>();
  }

 private:
  static json Body(const CertificateRequest& request) {
    json body = {{"common_name", request.common_name},
                 {"alt_names", Joined(request.dns_names)},
                 {"ip_sans", Joined(request.ip_addresses)}};
    if (request.ttl.count() > 0) body["ttl"] = std::to_string(request.ttl.count()) + "s";
    return body;
  }

  absl::StatusOr<TransitSignature> Signature(const std::string& path, const json& body, const char* field) {
    auto data = session_.Call("POST", path, &body);
    if (!data.ok()) return KeyError(data.status());
    return ParseTransit(*data, field);
  }

  absl::StatusOr<bool> Verify(std::string_view key, const json& body) {
    auto data = session_.Call("POST", "transit/verify/" + std::string(key), &body);
    if (!data.ok()) return KeyError(data.status());
    return data->is_object() && data->value("valid", false);
  }

  absl::StatusOr<Certificate> Certify(const std::string& path, const json& body) {
    auto data = session_.Call("POST", path, &body);
    if (!data.ok()) return data.status();
    if (!data->is_object() || !data->contains("certificate")) return Unexpected("certificate");
    Certificate certificate;
    certificate.certificate_pem = data->value("certificate", "");
    certificate.private_key_pem = data->value("private_key", "");
    certificate.ca_pem = data->value("issuing_ca", "");
    certificate.serial = data->value("serial_number", "");
    certificate.expires_at = std::chrono::system_clock::from_time_t(data->value("expiration", std::time_t{0}));
    return certificate;
  }

  VaultSession session_;
};

}  // namespace

std::unique_ptr<Vault> NewVault(VaultOptions options) { return std::make_unique<VaultOverHttp>(std::move(options)); }

}  // namespace gpuaas::platform
