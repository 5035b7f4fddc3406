#include "platform/tls/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

#include "domain/status.h"

namespace gpuaas::platform {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;

struct NamesFree {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
struct ExtensionsFree {
  void operator()(STACK_OF(X509_EXTENSION) * stack) const { sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free); }
};

Bio Reader(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string Contents(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::vector<std::string> Entries(const X509_NAME* name, int nid) {
  std::vector<std::string> found;
  for (int i = X509_NAME_get_index_by_NID(name, nid, -1); i >= 0; i = X509_NAME_get_index_by_NID(name, nid, i)) {
    unsigned char* text = nullptr;
    int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
    if (size >= 0) found.emplace_back(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
  }
  return found;
}

std::string CommonName(const X509_NAME* name) {
  auto found = Entries(name, NID_commonName);
  return found.empty() ? std::string() : found.front();
}

bool IsAddress(const std::string& text) {
  in6_addr ignored;
  return inet_pton(AF_INET, text.c_str(), &ignored) == 1 || inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

std::vector<std::string> NamesIn(const GENERAL_NAMES* names) {
  std::vector<std::string> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      found.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      char text[INET6_ADDRSTRLEN] = "";
      int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
      inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text);
      found.emplace_back(text);
    }
  }
  return found;
}

std::string SerialOf(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  std::string text;
  constexpr char kHex[] = "0123456789abcdef";
  for (int i = 0; i < ASN1_STRING_length(serial); ++i) {
    unsigned char byte = ASN1_STRING_get0_data(serial)[i];
    if (i > 0) text += ':';
    text += {kHex[byte >> 4], kHex[byte & 15]};
  }
  return text;
}

std::chrono::system_clock::time_point TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

absl::Status Unusable(std::string_view what) { return MakeError(ErrorCode::kInvalidArgument, what); }

}  // namespace

absl::StatusOr<std::string> GenerateKey() {
  Key key(EVP_EC_gen("P-256"));
  Bio out(BIO_new(BIO_s_mem()));
  if (!key || PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return MakeError(ErrorCode::kInternal, "no private key could be made");
  }
  return Contents(out.get());
}

absl::StatusOr<std::string> MakeCsr(std::string_view key_pem, std::string_view common_name,
                                    const std::vector<std::string>& names) {
  Key key(PEM_read_bio_PrivateKey(Reader(key_pem).get(), nullptr, nullptr, nullptr));
  if (!key) return Unusable("not a private key");
  RequestPtr request(X509_REQ_new());
  X509_REQ_set_version(request.get(), 0);
  const std::string cn(common_name);
  X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(cn.data()), static_cast<int>(cn.size()), -1, 0);
  std::string alternatives;
  for (const auto& name : names) {
    if (name.find_first_of(",:\n") != name.npos && !IsAddress(name)) return Unusable("not a host name: " + name);
    alternatives += (alternatives.empty() ? "" : ",") + std::string(IsAddress(name) ? "IP:" : "DNS:") + name;
  }
  if (!alternatives.empty()) {
    std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsFree> extensions(sk_X509_EXTENSION_new_null());
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str());
    if (extension == nullptr) return Unusable("not host names: " + alternatives);
    sk_X509_EXTENSION_push(extensions.get(), extension);
    X509_REQ_add_extensions(request.get(), extensions.get());
  }
  X509_REQ_set_pubkey(request.get(), key.get());
  Bio out(BIO_new(BIO_s_mem()));
  if (X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_REQ(out.get(), request.get()) != 1) {
    return MakeError(ErrorCode::kInternal, "the certificate request could not be signed");
  }
  return Contents(out.get());
}

absl::StatusOr<CertificateInfo> ParseCertificate(std::string_view pem) {
  X509Ptr certificate(PEM_read_bio_X509(Reader(pem).get(), nullptr, nullptr, nullptr));
  if (!certificate) return Unusable("not a certificate");
  CertificateInfo info;
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  info.common_name = CommonName(subject);
  info.organizational_units = Entries(subject, NID_organizationalUnitName);
  std::unique_ptr<GENERAL_NAMES, NamesFree> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (names) info.names = NamesIn(names.get());
  info.serial = SerialOf(certificate.get());
  info.not_before = TimeOf(X509_get0_notBefore(certificate.get()));
  info.not_after = TimeOf(X509_get0_notAfter(certificate.get()));
  return info;
}

absl::StatusOr<CsrInfo> ParseCsr(std::string_view pem) {
  RequestPtr request(PEM_read_bio_X509_REQ(Reader(pem).get(), nullptr, nullptr, nullptr));
  if (!request) return Unusable("not a certificate request");
  if (X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) != 1) {
    return Unusable("the certificate request's signature is wrong");
  }
  CsrInfo info;
  info.common_name = CommonName(X509_REQ_get_subject_name(request.get()));
  std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsFree> extensions(X509_REQ_get_extensions(request.get()));
  if (extensions) {
    std::unique_ptr<GENERAL_NAMES, NamesFree> names(
        static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
    if (names) info.names = NamesIn(names.get());
  }
  Bio out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(out.get(), X509_REQ_get0_pubkey(request.get())) != 1) return Unusable("not a public key");
  info.public_key = Contents(out.get());
  return info;
}

absl::StatusOr<std::string> Sign(std::string_view key_pem, std::string_view text) {
  Key key(PEM_read_bio_PrivateKey(Reader(key_pem).get(), nullptr, nullptr, nullptr));
  if (!key) return Unusable("not a private key");
  Digest digest(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    return Unusable("the key cannot sign");
  }
  signature.resize(size);
  return signature;
}

bool IsSignature(std::string_view public_key_pem, std::string_view text, std::string_view signature) {
  Key key(PEM_read_bio_PUBKEY(Reader(public_key_pem).get(), nullptr, nullptr, nullptr));
  if (!key) return false;
  Digest digest(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(digest.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

}  // namespace gpuaas::platform
