#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace temporal {

// A certificate with its key, in PEM.
struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

// A certificate authority that lives as long as the test.
class Authority {
 public:
  Authority();
  const std::string& certificate_pem() const { return self_.certificate_pem; }
  // For a server or a client of that name; valid from an hour ago, for so many seconds from now.
  Certificate Issue(const std::string& name, long valid_for = 3600) const;

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
  using X509Ptr = std::unique_ptr<X509, FreeCertificate>;
  static X509Ptr Make(const std::string& name, EVP_PKEY* key, long valid_for);
  static Certificate ToPem(X509* certificate, EVP_PKEY* key);

  const Key key_;
  const X509Ptr certificate_;
  Certificate self_;
};

}  // namespace temporal
