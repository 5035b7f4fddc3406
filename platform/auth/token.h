#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// Access tokens: RS256 JSON Web Tokens, signed by whoever holds the key, verified here without asking anybody.
namespace gpuaas::platform {

struct ProjectClaim {
  std::string id;
  std::string name;
  std::string role;  // "admin", "member", "viewer": domain/iam says what they may do
};

struct Claims {
  std::string subject;  // usr_...
  std::string name;     // login name
  std::string tenant_id;
  std::string tenant;
  std::vector<std::string> platform_roles;
  std::vector<std::string> tenant_roles;  // held for the whole tenant
  std::vector<ProjectClaim> projects;
  std::string token_id;
  std::chrono::sys_seconds issued_at;
  std::chrono::sys_seconds expires_at;
};

// Signs with a private key that never leaves its place.
class TokenSigner {
 public:
  virtual ~TokenSigner() = default;
  struct Signature {
    std::string bytes;   // RSASSA-PKCS1-v1_5, SHA-256
    std::string key_id;  // of the key that signed
  };
  // The key id that Sign will use now, because the token's header, which is signed, names it.
  virtual absl::StatusOr<std::string> CurrentKeyId() = 0;
  // Errors of the key's keeper: kVaultUnavailable, kVaultSealed, kVaultDenied.
  virtual absl::StatusOr<Signature> Sign(std::string_view message) = 0;
};

// Public keys by key id.
class TokenKeySource {
 public:
  virtual ~TokenKeySource() = default;
  struct PublicKey {
    std::string key_id;
    std::string pem;
  };
  // All keys that are still allowed to verify. Errors as TokenSigner::Sign.
  virtual absl::StatusOr<std::vector<PublicKey>> PublicKeys() = 0;
};

inline constexpr std::string_view kTokenIssuer = "gpuaas";
inline constexpr std::string_view kTokenAudience = "gpuaas-api";
inline constexpr std::chrono::minutes kTokenLifetime{15};
inline constexpr std::chrono::seconds kTokenLeeway{5};  // of clocks that differ, for nbf and iat

// The compact form of a token with these claims, kTokenIssuer and kTokenAudience. Errors of the signer.
absl::StatusOr<std::string> IssueToken(const Claims& claims, TokenSigner& signer);

}  // namespace gpuaas::platform
