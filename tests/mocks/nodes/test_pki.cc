#include "tests/mocks/nodes/test_pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>

namespace gpuaas::testing {
namespace {

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* p) const {
    kFree(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;

template <typename Write>
std::string ToPem(Write write) {
  std::unique_ptr<BIO, Deleter<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
  if (write(bio.get()) != 1) std::abort();
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

void AddExtension(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) std::abort();
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

X509Ptr MakeCertificate(EVP_PKEY* key, const std::string& name, long serial) {
  X509Ptr cert(X509_new());
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_set_pubkey(cert.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return cert;
}

}  // namespace

struct TestPki::State {
  Key key;
  X509Ptr certificate;
  long next_serial = 2;
};

TestPki::TestPki() : state_(new State) {
  state_->key.reset(EVP_EC_gen("P-256"));
  state_->certificate = MakeCertificate(state_->key.get(), "test authority", 1);
  X509* ca = state_->certificate.get();
  X509_set_issuer_name(ca, X509_get_subject_name(ca));
  AddExtension(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
  if (X509_sign(ca, state_->key.get(), EVP_sha256()) == 0) std::abort();
  ca_pem_ = ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, ca); });
}

TestPki::~TestPki() { delete state_; }

IssuedCertificate TestPki::Issue(std::string_view common_name) const {
  Key key(EVP_EC_gen("P-256"));
  const std::string name(common_name);
  X509Ptr cert = MakeCertificate(key.get(), name, state_->next_serial++);
  X509_set_issuer_name(cert.get(), X509_get_subject_name(state_->certificate.get()));
  AddExtension(cert.get(), state_->certificate.get(), NID_subject_alt_name, "DNS:" + name);
  if (X509_sign(cert.get(), state_->key.get(), EVP_sha256()) == 0) std::abort();
  return {ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, cert.get()); }), ToPem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace gpuaas::testing
