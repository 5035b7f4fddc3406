#pragma once

#include <optional>
#include <string>

#include "platform/http_client/http_client.h"

namespace gpuaas::platform {

struct Proxy {
  std::string host;
  std::string port;
};

// The proxy that the environment asks for to reach `target`: HTTPS_PROXY, HTTP_PROXY (the latter in lower case only, as
// CGI servers set the other from a header), except for loopback and what NO_PROXY lists (names, domain suffixes, "*").
std::optional<Proxy> ProxyFor(const Url& target);

}  // namespace gpuaas::platform
