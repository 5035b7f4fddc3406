#include "tests/integration/temporal_connection/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>

namespace temporal {
namespace {

void AddExtension(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

template <class Write>
std::string Pem(const Write& write) {
  BIO* memory = BIO_new(BIO_s_mem());
  write(memory);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(memory);
  return text;
}

}  // namespace

Authority::X509Ptr Authority::Make(const std::string& name, EVP_PKEY* key, long valid_for) {
  static std::atomic<long> serial = 1;
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_for);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

Certificate Authority::ToPem(X509* certificate, EVP_PKEY* key) {
  return {Pem([&](BIO* out) { PEM_write_bio_X509(out, certificate); }),
          Pem([&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); })};
}

Authority::Authority() : key_(EVP_EC_gen("P-256")), certificate_(Make("test authority", key_.get(), 3600)) {
  X509* self = certificate_.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  AddExtension(self, self, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(self, self, NID_key_usage, "critical,keyCertSign");
  X509_sign(self, key_.get(), EVP_sha256());
  self_ = ToPem(self, key_.get());
}

Certificate Authority::Issue(const std::string& name, long valid_for) const {
  const Key key(EVP_EC_gen("P-256"));
  const X509Ptr certificate = Make(name, key.get(), valid_for);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  AddExtension(certificate.get(), certificate_.get(), NID_subject_alt_name, "DNS:" + name);
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  return ToPem(certificate.get(), key.get());
}

}  // namespace temporal
