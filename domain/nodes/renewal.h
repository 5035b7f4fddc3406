#pragma once

#include <string>
#include <string_view>

namespace gpuaas {

// What a node signs with its present key to get a certificate for the key of `csr_pem`. The first line keeps any other
// signature of that key (TLS) from being taken for one of a renewal.
inline std::string RenewalText(std::string_view node_id, std::string_view csr_pem) {
  std::string text = "gpuaas: renew the certificate of ";
  return text.append(node_id).append("\n").append(csr_pem);
}

}  // namespace gpuaas
