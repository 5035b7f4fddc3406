#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The secret store, as the rest of the system sees it. Nothing here shows that it is HTTP.
namespace gpuaas::platform {

struct VaultOptions {
  std::string address;       // http(s)://host:port
  std::string ca_file;       // for https; empty: the usual trust store
  std::string role_id_file;  // AppRole credentials, read at every login so that a rotation is picked up
  std::string secret_id_file;
  std::string token;                         // instead of AppRole; for tests and tools
  std::chrono::milliseconds timeout{5'000};  // of one call to the server
};

// RS256 signature or HMAC bytes, with the version of the key that made them.
struct TransitSignature {
  std::string bytes;
  int key_version = 0;
};

struct TransitPublicKey {
  int version = 0;
  std::string pem;
};

struct Certificate {
  std::string certificate_pem;
  std::string private_key_pem;  // only from IssueCertificate
  std::string ca_pem;           // the issuing authority's certificate
  std::string serial;           // "aa:bb:..."
  std::chrono::system_clock::time_point expires_at;
};

struct CertificateRequest {
  std::string role;  // "edge", "node", "service"
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::chrono::seconds ttl{0};  // zero: the role's
};

// Thread-safe. Each function can fail with
//   kVaultUnavailable  no answer, or the server is in trouble (one more try was made after a short pause),
//   kVaultSealed       an operator has to unseal it,
//   kVaultDenied       our credentials or policy do not allow it (one new login was tried first),
// and with what it names itself. Secrets never appear in messages.
class Vault {
 public:
  virtual ~Vault() = default;

  // Whether the server is reachable, unsealed and takes our credentials.
  virtual absl::Status Check() = 0;

  // KV version 2 under mount `secret/`; `path` without the mount, for example "gpuaas/pepper".
  // kNotFound: nothing there, or deleted.
  virtual absl::StatusOr<std::map<std::string, std::string>> ReadSecret(std::string_view path) = 0;
  // A new version with exactly these fields.
  virtual absl::Status WriteSecret(std::string_view path, const std::map<std::string, std::string>& fields) = 0;
  // Removes all versions; absent is success.
  virtual absl::Status DeleteSecret(std::string_view path) = 0;

  // Signature of `message` by RSASSA-PKCS1-v1_5 with SHA-256 (JWT's RS256). kNotFound: no such key.
  virtual absl::StatusOr<TransitSignature> SignRs256(std::string_view key, std::string_view message) = 0;
  // Whether `signature` of that key version is one of `message`.
  virtual absl::StatusOr<bool> VerifyRs256(std::string_view key, std::string_view message,
                                           const TransitSignature& signature) = 0;
  // All versions still allowed to verify, oldest first. kNotFound: no such key.
  virtual absl::StatusOr<std::vector<TransitPublicKey>> PublicKeys(std::string_view key) = 0;
  // HMAC-SHA-256 of `input` under the key's newest version (32 bytes). kNotFound: no such key.
  virtual absl::StatusOr<TransitSignature> Hmac(std::string_view key, std::string_view input) = 0;
  // Compares in the server, with the key version of `hmac`.
  virtual absl::StatusOr<bool> VerifyHmac(std::string_view key, std::string_view input,
                                          const TransitSignature& hmac) = 0;

  // PKI under mount `pki/`. kInvalidArgument: the role does not allow the names or the CSR is unusable.
  virtual absl::StatusOr<Certificate> IssueCertificate(const CertificateRequest& request) = 0;
  virtual absl::StatusOr<Certificate> SignCsr(const CertificateRequest& request, std::string_view csr_pem) = 0;
  virtual absl::Status RevokeCertificate(std::string_view serial) = 0;
  virtual absl::StatusOr<std::string> CaCertificate() = 0;
};

// Logs in at the first call, renews the token when two thirds of its life are over, logs in again when that fails. No
// thread of its own.
std::unique_ptr<Vault> NewVault(VaultOptions options);

}  // namespace gpuaas::platform
