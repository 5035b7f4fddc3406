#include "platform/auth/verifier.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/auth/base64url.h"

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxTokenBytes = 16 << 10;

absl::Status Invalid(std::string_view why) {
  return MakeError(ErrorCode::kTokenInvalid, "the access token is not valid: " + std::string(why));
}

std::optional<Json> DecodeObject(std::string_view part) {
  auto text = Base64UrlDecode(part);
  if (!text) return std::nullopt;
  Json value = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return std::nullopt;
  return value;
}

// Reads members of the payload and remembers the first that is missing or has another type.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  std::string Text(const char* name) {
    const Json* value = Find(name, Json::value_t::string);
    if (value == nullptr || value->get_ref<const std::string&>().empty()) {
      Fault(name);
      return {};
    }
    return value->get<std::string>();
  }
  std::chrono::sys_seconds Seconds(const char* name) {
    auto it = json_.find(name);
    // Bounded, so that sums with a leeway cannot overflow.
    if (it == json_.end() || !it->is_number_integer() || it->get<std::int64_t>() < 0 ||
        it->get<std::int64_t>() > 253402300799) {
      Fault(name);
      return {};
    }
    return std::chrono::sys_seconds(std::chrono::seconds(it->get<std::int64_t>()));
  }
  const Json& Array(const char* name) {
    static const Json kEmpty = Json::array();
    const Json* value = Find(name, Json::value_t::array);
    if (value == nullptr) Fault(name);
    return value == nullptr ? kEmpty : *value;
  }
  std::vector<std::string> Texts(const char* name) {
    std::vector<std::string> texts;
    for (const Json& item : Array(name)) {
      if (!item.is_string()) Fault(name);
      if (item.is_string()) texts.push_back(item.get<std::string>());
    }
    return texts;
  }
  void Fault(const char* name) {
    if (fault_.empty()) fault_ = name;
  }
  const std::string& fault() const { return fault_; }

 private:
  const Json* Find(const char* name, Json::value_t type) const {
    auto it = json_.find(name);
    return it == json_.end() || it->type() != type ? nullptr : &*it;
  }
  const Json& json_;
  std::string fault_;
};

absl::StatusOr<Claims> ReadClaims(const Json& payload, std::chrono::system_clock::time_point now) {
  Reader read(payload);
  Claims claims;
  std::string issuer = read.Text("iss"), audience = read.Text("aud");
  claims.subject = read.Text("sub");
  claims.name = read.Text("name");
  claims.tenant_id = read.Text("tenant_id");
  claims.tenant = read.Text("tenant");
  claims.token_id = read.Text("jti");
  claims.issued_at = read.Seconds("iat");
  claims.expires_at = read.Seconds("exp");
  std::chrono::sys_seconds not_before = read.Seconds("nbf");
  claims.platform_roles = read.Texts("platform_roles");
  claims.tenant_roles = read.Texts("tenant_roles");
  for (const Json& project : read.Array("projects")) {
    if (!project.is_object()) return Invalid("claim projects");
    Reader read_project(project);
    claims.projects.push_back({read_project.Text("id"), read_project.Text("name"), read_project.Text("role")});
    if (!read_project.fault().empty()) return Invalid("claim projects");
  }
  if (!read.fault().empty()) return Invalid("claim " + read.fault());
  if (issuer != kTokenIssuer) return Invalid("issuer");
  if (audience != kTokenAudience) return Invalid("audience");
  if (not_before > now + kTokenLeeway || claims.issued_at > now + kTokenLeeway) return Invalid("not valid yet");
  if (claims.expires_at <= now)
    return MakeError(ErrorCode::kTokenExpired, "the access token has expired; log in again");
  return claims;
}

}  // namespace

struct TokenVerifier::Key {
  explicit Key(EVP_PKEY* pkey) : pkey(pkey) {}
  ~Key() { EVP_PKEY_free(pkey); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  bool Verify(std::string_view message, std::string_view signature) const {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    auto bytes = [](std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); };
    return context != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
  }

  EVP_PKEY* pkey;
};

TokenVerifier::TokenVerifier(TokenKeySource& keys) : source_(keys) {}
TokenVerifier::~TokenVerifier() = default;

absl::StatusOr<std::shared_ptr<const TokenVerifier::Key>> TokenVerifier::Find(
    const std::string& key_id, std::chrono::system_clock::time_point now) {
  {
    std::shared_lock lock(mutex_);
    if (auto it = keys_.find(key_id); it != keys_.end()) return it->second;
    if (!keys_.empty() && now >= fetched_ && now < fetched_ + kRefetch) return Invalid("unknown key");
  }
  GPUAAS_ASSIGN_OR_RETURN(std::vector<TokenKeySource::PublicKey> fetched, source_.PublicKeys());
  std::map<std::string, std::shared_ptr<const Key>> keys;
  for (const auto& key : fetched) {
    std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(key.pem.data(), static_cast<int>(key.pem.size())),
                                                  BIO_free);
    EVP_PKEY* pkey = PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr);
    if (pkey == nullptr) continue;
    auto owned = std::make_shared<const Key>(pkey);
    if (EVP_PKEY_base_id(pkey) == EVP_PKEY_RSA && EVP_PKEY_bits(pkey) >= 2048) keys.emplace(key.key_id, owned);
  }
  std::unique_lock lock(mutex_);
  keys_ = std::move(keys);
  fetched_ = now;
  if (auto it = keys_.find(key_id); it != keys_.end()) return it->second;
  return Invalid("unknown key");
}

absl::StatusOr<Claims> TokenVerifier::Verify(std::string_view token, std::chrono::system_clock::time_point now) {
  std::size_t first = token.find('.');
  std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos ||
      token.size() > kMaxTokenBytes) {
    return Invalid("not three parts");
  }
  std::optional<Json> header = DecodeObject(token.substr(0, first));
  if (!header) return Invalid("header");
  auto alg = header->find("alg");
  if (alg == header->end() || *alg != "RS256") return Invalid("algorithm");
  if (header->contains("crit")) return Invalid("critical extensions");
  auto key_id = header->find("kid");
  if (key_id == header->end() || !key_id->is_string()) return Invalid("key id");
  std::optional<std::string> signature = Base64UrlDecode(token.substr(second + 1));
  if (!signature || signature->empty()) return Invalid("signature");

  GPUAAS_ASSIGN_OR_RETURN(std::shared_ptr<const Key> key, Find(key_id->get<std::string>(), now));
  if (!key->Verify(token.substr(0, second), *signature)) return Invalid("signature");
  std::optional<Json> payload = DecodeObject(token.substr(first + 1, second - first - 1));
  if (!payload) return Invalid("payload");
  return ReadClaims(*payload, now);
}

}  // namespace gpuaas::platform
