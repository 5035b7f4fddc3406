#include "cli/commands/completion.h"

#include <map>
#include <memory>

#include "cli/commands/allocations.h"
#include "cli/commands/groups.h"
#include "cli/commands/support.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

constexpr std::string_view kBash = R"(# gpuaas completion for bash: source <(gpuaas completion bash)
_gpuaas() {
  local IFS=$'\n'
  COMPREPLY=($(gpuaas __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _gpuaas gpuaas
)";

constexpr std::string_view kZsh = R"(#compdef gpuaas
# gpuaas completion for zsh: source <(gpuaas completion zsh)
_gpuaas() {
  local -a candidates
  local word description
  while IFS=$'\t' read -r word description; do
    candidates+=("${word//:/\\:}${description:+:$description}")
  done < <(gpuaas __complete -- "${(@)words[2,$CURRENT]}" 2>/dev/null)
  if (( ${#candidates} )); then _describe gpuaas candidates; else _files; fi
}
compdef _gpuaas gpuaas
)";

constexpr std::string_view kFish = R"(# gpuaas completion for fish: gpuaas completion fish | source
function __gpuaas_complete
  set -l words (commandline -opc) (commandline -ct)
  gpuaas __complete -- $words[2..-1] 2>/dev/null
end
complete -c gpuaas -f -a '(__gpuaas_complete)'
)";

bool IsHidden(const CLI::App& app) { return app.get_name().starts_with("__") || app.get_group().empty(); }

const CLI::Option* FindOption(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

void AddValues(const CLI::Option& option, const std::function<std::vector<Candidate>(const std::string&)>& values,
               std::vector<Candidate>& found) {
  const std::string type = option.get_type_name();
  if (type.find('|') == std::string::npos) {
    for (Candidate& value : values(type)) found.push_back(std::move(value));
    return;
  }
  for (std::size_t at = 0; at <= type.size();) {
    const std::size_t end = std::min(type.find('|', at), type.size());
    found.push_back({type.substr(at, end - at), ""});
    at = end + 1;
  }
}

void AddOptions(const CLI::App* app, std::vector<Candidate>& found) {
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        const std::string word = "--" + name;
        const bool seen = std::any_of(found.begin(), found.end(), [&](const Candidate& c) { return c.word == word; });
        if (!seen && !option->get_group().empty()) found.push_back({word, option->get_description()});
      }
    }
  }
}

// The positional argument that comes after `given` others; the last one repeats if it may.
const CLI::Option* Positional(const CLI::App& app, std::size_t given) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    if (given == 0 || option->get_items_expected_max() > 1) return option;
    --given;
  }
  return nullptr;
}

// Ids and names of a kind, each with the other. The time is short: a shell waits for it.
std::vector<Candidate> ValuesFromServer(Invocation& run, const std::string& type) {
  std::vector<Candidate> found;
  try {
    if (type == kPendingKey) {
      for (const auto& listed : run.pending().List()) found.push_back({listed.request.key, listed.request.command});
      return found;
    }
    const bool live_only = type == kLiveAllocationId;
    const ResourceKind* kind = live_only || type == kAllocationId ? &kAllocation
                               : type == kNodeId                  ? &kNode
                               : type == kSshKeyId                ? &kSshKey
                                                                  : nullptr;
    if (kind == nullptr && type != kSkuName) return found;
    run.flags.request_timeout = "250ms";
    const Session& session = run.session();
    const Listing listing = kind == nullptr ? ListOnePage(session, "/api/v1/catalog/skus", {})
                            : kind->paged   ? List(session, kind->path, {}, 200, {})
                                            : ListOnePage(session, kind->path, {});
    std::map<std::string, int> named;  // a name that several have names none of them
    for (const Json& item : listing.items) {
      if (!live_only || IsLive(item)) ++named[TextAt(item, "name")];
    }
    for (const Json& item : listing.items) {
      if (live_only && !IsLive(item)) continue;
      const std::string id = TextAt(item, "id"), name = TextAt(item, "name"), state = TextAt(item, "state");
      const std::string described = state.empty() ? "" : " " + state;
      if (!id.empty()) found.push_back({Printable(id), Printable(name + described)});
      if (!name.empty() && named[name] == 1) found.push_back({Printable(name), Printable(id + described)});
    }
  } catch (const CliError&) {  // no completion rather than an error in the middle of a line
  }
  return found;
}

}  // namespace

std::vector<Candidate> Complete(const CLI::App& root, const std::vector<std::string>& words,
                                const std::function<std::vector<Candidate>(const std::string& type)>& values) {
  if (words.empty()) return {};
  const CLI::App* app = &root;
  const CLI::Option* awaiting = nullptr;  // an option whose value comes next
  std::size_t positionals = 0;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (awaiting != nullptr) {
      awaiting = nullptr;
    } else if (word.size() > 1 && word.front() == '-') {
      const CLI::Option* option = word.find('=') == std::string::npos ? FindOption(app, word) : nullptr;
      if (option != nullptr && TakesValue(*option)) awaiting = option;
    } else if (const CLI::App* deeper = FindCommand(*app, word)) {
      app = deeper;
    } else {
      ++positionals;
    }
  }

  const std::string& typed = words.back();
  std::vector<Candidate> found;
  if (awaiting != nullptr) {
    AddValues(*awaiting, values, found);
  } else if (typed.starts_with('-')) {
    AddOptions(app, found);
  } else {
    for (const CLI::App* deeper : CommandsOf(*app)) {
      if (!IsHidden(*deeper)) found.push_back({deeper->get_name(), deeper->get_description()});
    }
    if (const CLI::Option* option = Positional(*app, positionals)) AddValues(*option, values, found);
  }
  std::erase_if(found, [&](const Candidate& candidate) { return !candidate.word.starts_with(typed); });
  return found;
}

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return {};
}

void AddCompletion(CLI::App& root, Invocation& run) {
  CLI::App* completion = AddGroup(root, "completion", "Scripts that complete commands, options and ids in a shell");
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    AddCommand(*completion, run, shell, "Print the script for " + shell,
               shell == "fish" ? "  gpuaas completion fish | source" : "  source <(gpuaas completion " + shell + ")",
               [&run, shell] {
                 run.world().out << CompletionScript(shell) << std::flush;
                 return ExitCode::kDone;
               });
  }
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* complete = AddCommand(root, run, "__complete", "", "", [&root, &run, words] {
    const auto values = [&run](const std::string& type) { return ValuesFromServer(run, type); };
    for (const Candidate& candidate : Complete(root, *words, values)) {
      run.world().out << candidate.word << '\t' << candidate.description << '\n';
    }
    run.world().out.flush();
    return ExitCode::kDone;
  });
  complete->group("");
  complete->add_option("words", *words);
}

}  // namespace gpuaas::cli
