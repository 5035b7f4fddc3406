#pragma once

#include <chrono>
#include <string>

namespace temporal {
class Client;
}
namespace gpuaas::platform {
class Clock;
class Contract;
class Database;
class TokenSigner;
class TokenVerifier;
class Vault;
}  // namespace gpuaas::platform
namespace gpuaas::activities {
class Dispatcher;
}

namespace gpuaas::api {

class Pepper;

struct Settings {
  std::string region;
  std::string public_url;    // "https://host:8443", without a slash at the end
  std::string agent_url;     // the edge's port for node agents
  std::string ca_file;       // authorities that nodes have to trust; empty: the usual ones
  std::string agent_binary;  // path of what is served to nodes; empty: none
  bool dev_mode = false;     // allows dev-login
  std::string edge_secret;   // by which the edge is known; empty: nobody is believed to have checked a certificate
  std::chrono::seconds idempotency_retention = std::chrono::hours(24);  // of answers
  int project_allocations = 1000;                                       // that have not ended, in one project
};

// What handlers work with. All of it is thread-safe and outlives the server.
struct Services {
  platform::Database& database;
  const platform::Clock& clock;
  platform::Vault& vault;
  temporal::Client& temporal;
  activities::Dispatcher& dispatcher;
  platform::TokenSigner& signer;
  platform::TokenVerifier& verifier;
  const platform::Contract& contract;
  Pepper& pepper;
  Settings settings;
};

}  // namespace gpuaas::api
