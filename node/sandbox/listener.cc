#include "node/sandbox/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "domain/status.h"

namespace gpuaas::node {
namespace {

// The socket address of `host`; its length, or 0 if it is no numeric address.
socklen_t Fill(const std::string& host, int port, sockaddr_storage* address) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(address);
  *address = {};
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<in_port_t>(port));
    return sizeof *v4;
  }
  if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<in_port_t>(port));
    return sizeof *v6;
  }
  return 0;
}

}  // namespace

absl::StatusOr<Listener> ListenInRange(const std::string& host, int first, int last) {
  constexpr int kBacklog = 128;
  sockaddr_storage address;
  if (Fill(host, first, &address) == 0) return MakeError(ErrorCode::kInvalidArgument, "not an address: " + host);
  for (int port = first; port <= last; ++port) {
    const socklen_t length = Fill(host, port, &address);
    Fd socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    // Connections of an earlier sandbox that linger in TIME_WAIT do not block the port; another listener does.
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length) == 0 &&
        ::listen(socket.get(), kBacklog) == 0) {
      return Listener{std::move(socket), port};
    }
  }
  return MakeError(ErrorCode::kUnavailable,
                   "no free port on " + host + " from " + std::to_string(first) + " to " + std::to_string(last));
}

}  // namespace gpuaas::node
