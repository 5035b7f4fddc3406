#include "platform/http/router.h"

#include <cstdio>
#include <cstdlib>

#include "domain/status.h"

namespace gpuaas::platform {
namespace {

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  std::size_t begin = 1;  // after the leading slash
  while (begin <= path.size()) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    segments.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

bool IsParameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }

// How well `pattern` fits: -1 not at all, else the number of literal segments.
int Fit(std::string_view pattern, const std::vector<std::string>& segments) {
  std::vector<std::string_view> parts = Split(pattern);
  if (parts.size() != segments.size()) return -1;
  int literals = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (IsParameter(parts[i])) {
      if (segments[i].empty()) return -1;
    } else if (parts[i] == segments[i]) {
      ++literals;
    } else {
      return -1;
    }
  }
  return literals;
}

}  // namespace

void Router::Add(Route route) {
  for (const Route& other : routes_) {
    if (other.method == route.method && other.path == route.path) {
      std::fprintf(stderr, "route given twice: %s %s\n", route.method.c_str(), route.path.c_str());
      std::abort();
    }
  }
  routes_.push_back(std::move(route));
}

absl::StatusOr<const Route*> Router::Find(std::string_view method, std::string_view path,
                                          std::map<std::string, std::string>* params) const {
  if (!path.starts_with('/')) return MakeError(ErrorCode::kMalformedRequest, "the path must start with a slash");
  std::vector<std::string> segments;
  for (std::string_view segment : Split(path)) {
    auto decoded = PercentDecode(segment, false);
    if (!decoded || decoded->find('\0') != std::string::npos)
      return MakeError(ErrorCode::kMalformedRequest, "the path is not percent-encoded correctly");
    segments.push_back(*std::move(decoded));
  }
  int best_fit = -1;
  std::string_view best_path;
  for (const Route& route : routes_) {
    if (int fit = Fit(route.path, segments); fit > best_fit) {
      best_fit = fit;
      best_path = route.path;
    }
  }
  if (best_fit < 0) return MakeError(ErrorCode::kNotFound, "no such route");
  std::string allow;
  for (const Route& route : routes_) {
    if (route.path != best_path) continue;
    if (route.method == method) {
      std::vector<std::string_view> parts = Split(route.path);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (IsParameter(parts[i])) {
          (*params)[std::string(parts[i].substr(1, parts[i].size() - 2))] = std::move(segments[i]);
        }
      }
      return &route;
    }
    allow += (allow.empty() ? "" : ", ") + route.method;
  }
  return MakeError(ErrorCode::kMethodNotAllowed, "this route takes " + allow, "{\"allow\":\"" + allow + "\"}");
}

}  // namespace gpuaas::platform
