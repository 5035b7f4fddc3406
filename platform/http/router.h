#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/message.h"

namespace gpuaas::platform {

struct Route {
  std::string method;
  std::string path;  // template: "/api/v1/allocations/{allocation_id}"
  std::size_t max_body_bytes = 64 << 10;
  Handler handler;
};

// Finds the handler of a request. Filled before the server starts, then only read, hence thread-safe.
class Router {
 public:
  // Two routes with the same method and template are a fault of the program: it ends.
  void Add(Route route);

  // The route for this method and path; `params` gets its parameters. A literal segment wins over a parameter.
  // kNotFound: no such path. kMethodNotAllowed: the path has other methods only, details.allow names them.
  // kMalformedRequest: the path is not decodable.
  absl::StatusOr<const Route*> Find(std::string_view method, std::string_view path,
                                    std::map<std::string, std::string>* params) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace gpuaas::platform
