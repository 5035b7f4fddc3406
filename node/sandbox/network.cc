#include "node/sandbox/network.h"

#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/command/command.h"
#include "node/sandbox/forwarding.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

bool HasLink(const std::string& name) { return ::if_nametoindex(name.c_str()) != 0; }

// A link goes by itself with the namespace that holds its other end, at a moment of the kernel's choosing.
absl::Status DeleteLink(const std::string& name) {
  if (!HasLink(name)) return absl::OkStatus();
  const absl::Status deleted = RunTool({"ip", "link", "del", name}).status();
  return HasLink(name) ? deleted : absl::OkStatus();
}

bool HasNetns(const std::string& name) {
  struct stat info{};
  return ::stat(("/run/netns/" + name).c_str(), &info) == 0;
}

// Name servers on private addresses stay reachable for look-ups, or nothing outside could be named.
std::string PrivateNameServers() {
  std::ifstream file("/etc/resolv.conf");
  std::string line, list;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string key, address;
    if (words >> key >> address && key == "nameserver" && address.find(':') == address.npos &&
        !address.starts_with("127.")) {
      list += (list.empty() ? "" : ", ") + address;
    }
  }
  return list;
}

// The networks that this node is attached to: its neighbours are not the sandboxes' business.
std::string AttachedNetworks() {
  auto routes = RunTool({"ip", "-4", "route", "show", "scope", "link"});
  std::istringstream lines(routes.ok() ? *routes : "");
  std::string line, list;
  while (std::getline(lines, line)) {
    const std::string network = line.substr(0, line.find(' '));
    if (!network.starts_with("100.") && network.find('/') != network.npos) {
      list += (list.empty() ? "" : ", ") + network;
    }
  }
  return list;
}

// `match` is answered with a refusal that the caller understands at once, whatever it speaks.
std::string Refuse(const std::string& match) {
  return match + "meta l4proto tcp reject with tcp reset\n" + match + "reject with icmpx type admin-prohibited\n";
}

std::string Rules(const NetworkOptions& options) {
  const std::string from = "iifname \"" + options.bridge() + "\" ";
  const std::string to = "oifname \"" + options.bridge() + "\" ";
  std::ostringstream rules;
  // Adding first makes the deletion succeed; all of it is one transaction.
  rules << "table inet " << options.table() << " {}\ndelete table inet " << options.table() << "\n"
        << "table inet " << options.table() << " {\n"
        << "chain input { type filter hook input priority -5; policy accept;\n"
        << from << "ct state established,related accept\n"
        << Refuse(from) << "}\n"
        << "chain forward { type filter hook forward priority -5; policy accept;\n"
        << to << "ct state established,related accept\n"
        << to << "drop\n";
  if (!options.egress) {
    rules << Refuse(from) << "}\n";
  } else {
    const std::string servers = PrivateNameServers();
    if (!servers.empty()) {
      rules << from << "ip daddr { " << servers << " } meta l4proto { tcp, udp } th dport 53 accept\n";
    }
    const std::string attached = AttachedNetworks();
    if (!attached.empty()) rules << Refuse(from + "ip daddr { " + attached + " } ");
    rules << Refuse(from + "ip6 daddr ::/0 ")
          << Refuse(from + "ip daddr { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, " +
                    "172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 } ")
          << "}\nchain postrouting { type nat hook postrouting priority 100; policy accept;\n"
          << "ip saddr " << options.subnet << ".0/24 oifname != \"" << options.bridge() << "\" masquerade\n}\n";
  }
  rules << "}\n";
  return rules.str();
}

absl::Status SetSysctl(const std::string& name, const std::string& value) {
  std::ofstream file("/proc/sys/" + name);
  if (!(file << value << std::flush)) return ErrnoStatus(name);
  return absl::OkStatus();
}

// The interface of the default route.
absl::StatusOr<std::string> Uplink() {
  GPUAAS_ASSIGN_OR_RETURN(const std::string route, RunTool({"ip", "-4", "route", "show", "default"}));
  std::istringstream words(route);
  std::string word, uplink;
  while (words >> word) {
    if (word == "dev" && words >> uplink) return uplink;
  }
  return MakeError(ErrorCode::kInternal, "this node has no default route");
}

absl::Status OpenWayOut(const NetworkOptions& options) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string uplink, Uplink());
  return EnableForwarding(options.bridge(), uplink, {});
}

}  // namespace

absl::Status EnsureBridge(const NetworkOptions& options) {
  const std::string bridge = options.bridge();
  // The rules come first: there is no moment at which the bridge exists without them.
  GPUAAS_RETURN_IF_ERROR(RunTool({"nft", "-f", "-"}, Rules(options)).status());
  if (!HasLink(bridge)) {
    GPUAAS_RETURN_IF_ERROR(RunTool({"ip", "link", "add", bridge, "type", "bridge"}).status());
  }
  // A kernel that was told to do without IPv6 has no such switch.
  const std::string ipv6 = "net/ipv6/conf/" + bridge + "/disable_ipv6";
  if (::access(("/proc/sys/" + ipv6).c_str(), F_OK) == 0) GPUAAS_RETURN_IF_ERROR(SetSysctl(ipv6, "1"));
  GPUAAS_RETURN_IF_ERROR(RunTool({"ip", "addr", "replace", options.gateway() + "/24", "dev", bridge}).status());
  GPUAAS_RETURN_IF_ERROR(RunTool({"ip", "link", "set", bridge, "up"}).status());
  if (!options.egress) return absl::OkStatus();
  if (auto status = OpenWayOut(options); !status.ok()) {
    platform::LogWarning("sandboxes have no way out", {{"reason", ToStd(status.message())}});
  }
  return absl::OkStatus();
}

absl::Status RemoveBridge(const NetworkOptions& options) {
  GPUAAS_RETURN_IF_ERROR(DeleteLink(options.bridge()));
  GPUAAS_RETURN_IF_ERROR(RestoreForwarding({}));
  const std::string table = options.table();
  return RunTool({"nft", "-f", "-"}, "table inet " + table + " {}\ndelete table inet " + table + "\n").status();
}

absl::Status EnsureSandboxNetwork(const NetworkOptions& options, const SandboxSpec& spec) {
  if (!HasNetns(spec.netns)) GPUAAS_RETURN_IF_ERROR(RunTool({"ip", "netns", "add", spec.netns}).status());
  // A pair that was torn while being made is made anew.
  GPUAAS_RETURN_IF_ERROR(DeleteLink(spec.veth));
  GPUAAS_RETURN_IF_ERROR(
      RunTool({"ip", "link", "add", spec.veth, "type", "veth", "peer", "name", "eth0", "netns", spec.netns}).status());
  GPUAAS_RETURN_IF_ERROR(RunTool({"ip", "link", "set", spec.veth, "master", options.bridge()}).status());
  GPUAAS_RETURN_IF_ERROR(RunTool({"ip", "link", "set", spec.veth, "type", "bridge_slave", "isolated", "on"}).status());
  GPUAAS_RETURN_IF_ERROR(RunTool({"ip", "link", "set", spec.veth, "up"}).status());
  const std::string inside = "link set lo up\nlink set eth0 up\naddr replace " + spec.address + "/24 dev eth0\n" +
                             "route replace default via " + options.gateway() + "\n";
  return RunTool({"ip", "-netns", spec.netns, "-force", "-batch", "-"}, inside).status();
}

absl::Status RemoveSandboxNetwork(const SandboxSpec& spec) {
  GPUAAS_RETURN_IF_ERROR(DeleteLink(spec.veth));
  if (HasNetns(spec.netns)) GPUAAS_RETURN_IF_ERROR(RunTool({"ip", "netns", "del", spec.netns}).status());
  return absl::OkStatus();
}

bool IsBridgeName(std::string_view link) {
  return link.size() == 10 && link.starts_with("gb") && link.find_first_not_of("0123456789abcdef", 2) == link.npos;
}

absl::StatusOr<std::string> ChooseSubnet(std::uint32_t seed) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string routes, RunTool({"ip", "-4", "route", "show", "table", "all"}));
  constexpr std::uint32_t kSubnets = 64 * 256;
  for (std::uint32_t i = 0; i < kSubnets; ++i) {
    const std::uint32_t n = (seed + i) % kSubnets;
    const std::string subnet = "100." + std::to_string(64 + n / 256) + "." + std::to_string(n % 256);
    if (routes.find(subnet + ".") == routes.npos) return subnet;
  }
  return MakeError(ErrorCode::kInternal, "no free subnet in 100.64.0.0/10");
}

}  // namespace gpuaas::node
