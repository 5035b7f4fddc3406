#include "cli/core/resolve.h"

#include <cctype>
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

std::vector<std::string> IdsOf(const Json& items) {
  std::vector<std::string> ids;
  for (const Json& item : items) ids.push_back(TextAt(item, "id"));
  return ids;
}

CliError Ambiguous(const ResourceKind& kind, std::string_view typed, const std::vector<std::string>& ids) {
  return UsageError("'" + std::string(typed) + "' matches more than one " + std::string(kind.noun),
                    "name one of them:\n" + Join(ids, "\n"));
}

}  // namespace

std::string ResolveId(const Session& session, const ResourceKind& kind, std::string_view typed) {
  if (IsWholeId(typed, kind.prefix)) return std::string(typed);
  const std::string noun(kind.noun);
  if (typed.empty()) throw UsageError("the " + noun + "'s id is empty");
  if (const std::string id_prefix = AsIdPrefix(kind, typed); kind.paged && !id_prefix.empty()) {
    const Json items = List(session, kind.path, {{"id_prefix", id_prefix}}, kMatchesShown, {}).items;
    if (items.size() == 1) return TextAt(items.front(), "id");
    if (items.size() > 1) throw Ambiguous(kind, typed, IdsOf(items));
  }
  std::vector<std::string> named, matching, known;
  for (const Json& item :
       (kind.paged ? List(session, kind.path, {}, kSearched, {}) : ListOnePage(session, kind.path, {})).items) {
    const std::string id = TextAt(item, "id");
    const std::string name = TextAt(item, "name");
    if (name == typed) named.push_back(id);
    if (MatchesId(typed, id)) matching.push_back(id);
    known.push_back(name.empty() ? id : name);
  }
  const std::vector<std::string>& found = named.empty() ? matching : named;
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    const auto near = Suggest(typed, known);
    throw CliError(ErrorCode::kNotFound, "no " + noun + " matches '" + std::string(typed) + "'",
                   near.empty() ? "the list shows those of the current project: gpuaas context show"
                                : "did you mean " + Join(near, ", ") + "?");
  }
  throw Ambiguous(kind, typed, found);
}

std::string PathOf(const ResourceKind& kind, std::string_view id, std::string_view action) {
  std::string path = std::string(kind.path) + "/" + platform::PercentEncode(id);
  if (!action.empty()) path += "/" + std::string(action);
  return path;
}

}  // namespace gpuaas::cli
