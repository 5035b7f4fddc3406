#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "temporal/transport/transport.h"

namespace temporal {

struct TlsOptions {
  TlsOptions() {}

  std::string root_certificates_pem;   // empty: the system's
  std::string client_certificate_pem;  // with the key: mutual TLS
  std::string client_key_pem;
  std::string server_name;  // empty: the host of the address
};

struct ConnectOptions {
  ConnectOptions() {}
  explicit ConnectOptions(std::string address_and_port) : address(std::move(address_and_port)) {}

  std::string address = "127.0.0.1:7233";
  std::optional<TlsOptions> tls;                // absent: plain text
  std::string api_key;                          // sent as bearer token; needs tls
  std::map<std::string, std::string> metadata;  // sent with each call
};

// A transport over one gRPC channel. Connects on the first call, and again after each loss.
// kInvalidArgument: an API key without TLS, a key without its certificate.
absl::StatusOr<std::shared_ptr<Transport>> Connect(const ConnectOptions& options);

}  // namespace temporal
