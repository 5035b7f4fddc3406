#pragma once

#include <string>
#include <string_view>

namespace gpuaas::testing {

// A certificate and its key, both PEM.
struct IssuedCertificate {
  std::string certificate_pem;
  std::string private_key_pem;
};

// A throw-away certificate authority for tests of mTLS; certificates live for an hour.
class TestPki {
 public:
  TestPki();
  ~TestPki();
  TestPki(const TestPki&) = delete;
  TestPki& operator=(const TestPki&) = delete;

  const std::string& ca_pem() const { return ca_pem_; }
  // A certificate with that common name, which is also its DNS name.
  IssuedCertificate Issue(std::string_view common_name) const;

 private:
  struct State;
  State* state_;
  std::string ca_pem_;
};

}  // namespace gpuaas::testing
