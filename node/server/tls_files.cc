#include "node/server/tls_files.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace gpuaas::node {

std::shared_ptr<grpc::ServerCredentials> ServerCredentialsFrom(const std::string& folder) {
  constexpr unsigned kReloadSeconds = 5;
  auto files = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      folder + "/key.pem", folder + "/cert.pem", folder + "/ca.pem", kReloadSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(files);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace gpuaas::node
