#include "cli/core/resolve.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <vector>

#include "cli/core/error.h"
#include "cli/core/ids.h"

namespace gpuaas::cli {
namespace {

constexpr std::size_t kSearched = 1000;    // newest resources looked at
constexpr std::size_t kMatchesShown = 20;  // of an ambiguous beginning

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : std::string(separator)) + part;
  return joined;
}

// "01j8" -> "alloc_01J8"; empty if it cannot be the beginning of an id.
std::string AsIdPrefix(const ResourceKind& kind, std::string_view typed) {
  const std::string prefix = std::string(kind.prefix) + "_";
  if (typed.starts_with(prefix)) typed.remove_prefix(prefix.size());
  std::string id = prefix;
  for (const unsigned char c : typed) {
    if (!std::isalnum(c)) return {};
    id += static_cast<char>(std::toupper(c));
  }
  return typed.empty() || typed.size() > 26 ? std::string() : id;
}

using Matches = std::vector<Json>;

// The one that is meant; nothing if none matches.
std::optional<std::string> OnlyOne(const ResourceKind& kind, std::string_view typed, const Matches& matches,
                                   const std::function<bool(const Json&)>& meant) {
  if (matches.empty()) return std::nullopt;
  Matches rest;
  if (meant && matches.size() > 1) std::ranges::copy_if(matches, std::back_inserter(rest), meant);
  if (const Matches& left = rest.empty() ? matches : rest; left.size() == 1) {
    // It becomes part of paths and file names: what a server calls an id has to be one.
    std::string id = TextAt(left.front(), "id");
    if (IsWholeId(id, kind.prefix)) return id;
    throw CliError(ErrorCode::kInternal, "the service answered with an id that is none: " + id,
                   "is --url the address of a GPUaaS service?");
  }
  std::vector<std::string> lines;
  for (const Json& item : rest.empty() ? matches : rest) {
    std::string line = TextAt(item, "id");
    for (const char* more : {"name", "state"}) {
      if (const std::string text = TextAt(item, more); !text.empty()) line += "  " + text;
    }
    lines.push_back(std::move(line));
  }
  throw UsageError("'" + std::string(typed) + "' matches more than one " + std::string(kind.noun),
                   "name one of them:\n" + Join(lines, "\n"));
}

}  // namespace

std::string ResolveId(const Session& session, const ResourceKind& kind, std::string_view typed,
                      const std::function<bool(const Json&)>& meant) {
  if (IsWholeId(typed, kind.prefix)) return std::string(typed);
  const std::string noun(kind.noun);
  if (typed.empty()) throw UsageError("the " + noun + "'s id is empty");
  if (const std::string id_prefix = AsIdPrefix(kind, typed); kind.paged && !id_prefix.empty()) {
    const Json items = List(session, kind.path, {{"id_prefix", id_prefix}}, kMatchesShown, {}).items;
    if (const auto id = OnlyOne(kind, typed, Matches(items.begin(), items.end()), meant)) return *id;
  }
  Matches named, matching;
  std::vector<std::string> known;
  for (const Json& item :
       (kind.paged ? List(session, kind.path, {}, kSearched, {}) : ListOnePage(session, kind.path, {})).items) {
    const std::string id = TextAt(item, "id");
    const std::string name = TextAt(item, "name");
    if (name == typed) named.push_back(item);
    if (MatchesId(typed, id)) matching.push_back(item);
    known.push_back(name.empty() ? id : name);
  }
  if (const auto id = OnlyOne(kind, typed, named.empty() ? matching : named, meant)) return *id;
  const auto near = Suggest(typed, known);
  throw CliError(ErrorCode::kNotFound, "no " + noun + " matches '" + std::string(typed) + "'",
                 near.empty() ? std::string() : "did you mean " + Join(near, ", ") + "?");
}

std::string PathOf(const ResourceKind& kind, std::string_view id, std::string_view action) {
  std::string path = std::string(kind.path) + "/" + platform::PercentEncode(id);
  if (!action.empty()) path += "/" + std::string(action);
  return path;
}

}  // namespace gpuaas::cli
