#pragma once

#include <string>
#include <string_view>

namespace gpuaas {

// The DNS name that a node's certificate carries and that whoever dials it expects: its id in lower case,
// "node-01j...", because the authority leaves names with an underscore out of certificates.
inline std::string TlsNameOfNode(std::string_view node_id) {
  std::string name;
  for (char c : node_id) name += c == '_' ? '-' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return name;
}

}  // namespace gpuaas
