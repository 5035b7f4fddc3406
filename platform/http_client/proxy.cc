#include "platform/http_client/proxy.h"

#include <cstdlib>
#include <string_view>

namespace gpuaas::platform {
namespace {

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

bool IsLoopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

bool IsExcluded(std::string_view host, std::string_view list) {
  while (!list.empty()) {
    auto comma = list.find(',');
    auto item = list.substr(0, comma);
    list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item == "*") return true;
    if (item.starts_with('.')) item.remove_prefix(1);
    if (item.empty()) continue;
    if (host == item) return true;
    if (host.size() > item.size() && host.ends_with(item) && host[host.size() - item.size() - 1] == '.') return true;
  }
  return false;
}

}  // namespace

std::optional<Proxy> ProxyFor(const Url& target) {
  std::string_view proxy;
  if (target.scheme == "https") {
    proxy = Environment("HTTPS_PROXY");
    if (proxy.empty()) proxy = Environment("https_proxy");
  } else {
    proxy = Environment("http_proxy");
  }
  if (proxy.empty() || IsLoopback(target.host)) return std::nullopt;
  std::string_view excluded = Environment("NO_PROXY");
  if (excluded.empty()) excluded = Environment("no_proxy");
  if (IsExcluded(target.host, excluded)) return std::nullopt;

  std::string text(proxy);
  if (text.find("://") == text.npos) text = "http://" + text;
  auto url = ParseUrl(text);
  if (!url) return std::nullopt;
  return Proxy{url->host, url->port};
}

}  // namespace gpuaas::platform
