#pragma once

#include <memory>
#include <string>

#include "grpcpp/security/server_credentials.h"

namespace gpuaas::node {

// mTLS from `folder` (key.pem, cert.pem, ca.pem), read again every few seconds so that a rotated certificate is used
// without a restart. Clients must present a certificate of that authority.
std::shared_ptr<grpc::ServerCredentials> ServerCredentialsFrom(const std::string& folder);

}  // namespace gpuaas::node
