#pragma once

#include <functional>
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
  std::string server_name;  // what the server's certificate has to name; empty: the host of the address
};

// Pings on a connection that is in use, so that one that is dead is noticed.
struct KeepAliveOptions {
  KeepAliveOptions() {}

  Duration interval = std::chrono::seconds(30);
  Duration timeout = std::chrono::seconds(15);  // for the answer
};

struct ConnectOptions {
  ConnectOptions() {}
  explicit ConnectOptions(std::string address_and_port) : address(std::move(address_and_port)) {}

  std::string address = "127.0.0.1:7233";
  std::optional<TlsOptions> tls;  // absent: plain text
  std::string api_key;            // sent as bearer token; needs tls
  // Instead of api_key: asked before each call, so that a key can be renewed without connecting anew. Must be quick and
  // thread-safe; its error is the call's.
  std::function<absl::StatusOr<std::string>()> api_key_source;
  // Sent with each call. Keys are lower case; values are printable ASCII, but for keys that end in "-bin".
  std::map<std::string, std::string> metadata;
  std::optional<KeepAliveOptions> keep_alive = KeepAliveOptions();  // absent: no pings
  int max_message_bytes = 128 << 20;  // in both directions; as other SDKs: a page of history may be large
};

// A transport over one gRPC channel. Connects on the first call, and again after each loss. What calls fail with is the
// code that the server gives, with its details (transport/error_details.h); TlsFailure for certificates that do not
// fit; kUnauthenticated and kPermissionDenied for a key that is not (or no longer) good. kInvalidArgument: no address,
// an API key without TLS or from two places, a client key without its certificate, what cannot be sent as metadata,
// what is no PEM.
absl::StatusOr<std::shared_ptr<Transport>> Connect(const ConnectOptions& options);

}  // namespace temporal
