#include "cli/commands/gpuaas.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "cli/commands/groups.h"
#include "cli/commands/support.h"
#include "cli/core/ids.h"

namespace gpuaas::cli {
namespace {

constexpr const char* kGroups[][2] = {
    {"auth", "Start"},      {"context", "Start"}, {"catalog", "GPUs"},         {"allocations", "GPUs"},
    {"operations", "GPUs"}, {"ssh-keys", "GPUs"}, {"nodes", "Administration"}, {"ops", "Administration"},
    {"pending", "Tools"},   {"api", "Tools"},     {"completion", "Tools"},     {"help", "Tools"},
    {"version", "Tools"},
};

void AddGlobalFlags(CLI::App& root, GlobalFlags& flags) {
  constexpr const char* kGroup = "Options of every command";
  const auto setting = [&](const std::string& names, const std::string& name, const std::string& help,
                           const std::string& type) {
    root.add_option_function<std::string>(
            names, [&flags, name](const std::string& value) { flags.settings[name] = value; }, help)
        ->type_name(type)
        ->group(kGroup);
  };
  setting("-o,--output", "output", "How to show data", "table|wide|json|jsonl|yaml|none");
  setting("--url", "url", "The service's address", "URL");
  setting("--ca-file", "ca_file", "PEM file of the authority to trust", "FILE");
  setting("--tenant", "tenant", "The tenant to work in", "NAME");
  setting("--project", "project", "The project to work in", "NAME");
  root.add_option("--json", flags.fields, "Only these members, as JSON")->type_name("FIELDS")->group(kGroup);
  root.add_option("--jq", flags.jq, "What this jq program makes of the JSON")->type_name("PROGRAM")->group(kGroup);
  root.add_option("--columns", flags.columns, "Only these columns")->type_name("NAMES")->group(kGroup);
  root.add_flag("--no-headers", flags.no_headers, "No header line in tables")->group(kGroup);
  root.add_flag("--interactive", flags.interactive, "Allow questions on the terminal")->group(kGroup);
  root.add_option("--request-timeout", flags.request_timeout, "Bound of one request")
      ->type_name("DURATION")
      ->group(kGroup);
}

// Every option of the commands below can be given by a variable. The settings have their own rule (Settings).
void NameVariables(CLI::App& app, const std::set<std::string>& settings) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    if (name != "help" && name != "version" && !settings.contains(name)) option->envname(EnvironmentName(name));
  }
  for (CLI::App* deeper : app.get_subcommands([](const CLI::App*) { return true; })) NameVariables(*deeper, settings);
}

class Help : public CLI::Formatter {
 public:
  Help() { column_width(34); }
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    if (const std::size_t at = name.find("{false}"); at != std::string::npos) name.erase(at, 7);
    return name;
  }
  // The rule is the same for all (gpuaas help environment): the names would only crowd the page.
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (option->get_type_size() != 0 && !option->get_type_name().empty()) text = " " + option->get_type_name();
    if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
    return option->get_required() ? text + " (required)" : text;
  }
};

const CLI::App* DeepestParsed(const CLI::App& root) {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().back();
  return app;
}

std::string WordsOf(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : WordsOf(*app.get_parent()) + " " + app.get_name();
}

// Words that other programs have for what is called otherwise here.
struct Synonym {
  std::string_view group;
  std::string_view word;
  std::string_view meant;
};
constexpr Synonym kSynonyms[] = {
    {"allocations", "ls", "list"},        {"allocations", "ps", "list"},
    {"allocations", "delete", "release"}, {"allocations", "rm", "release"},
    {"allocations", "stop", "release"},   {"allocations", "ssh", "connect"},
    {"allocations", "exec", "connect"},   {"allocations", "describe", "get"},
    {"allocations", "show", "get"},       {"allocations", "watch", "get --watch"},
    {"allocations", "logs", "history"},   {"allocations", "new", "create"},
    {"ssh-keys", "add", "create"},        {"ssh-keys", "ls", "list"},
    {"ssh-keys", "rm", "delete"},         {"nodes", "ls", "list"},
    {"nodes", "describe", "get"},         {"nodes", "add", "enrol"},
    {"nodes", "enroll", "enrol"},         {"nodes", "delete", "reclaim"},
    {"nodes", "rm", "reclaim"},           {"catalog", "ls", "list"},
    {"ops workflows", "ls", "list"},      {"ops workflows", "get", "describe"},
    {"operations", "describe", "get"},    {"operations", "watch", "get --watch"},
};

std::optional<std::string> MeantBy(const std::string& words, const std::string& word) {
  if (words == "gpuaas" && (word == "projects" || word == "tenants")) {
    return "gpuaas auth whoami shows yours; gpuaas context use --project NAME works in another";
  }
  if (words == "gpuaas" && word == "login") return "did you mean gpuaas auth dev-login?";
  for (const Synonym& synonym : kSynonyms) {
    if (words != "gpuaas " + std::string(synonym.group) || word != synonym.word) continue;
    return "did you mean " + words + " " + std::string(synonym.meant) + "?";
  }
  return std::nullopt;
}

// Where to look for what there is, after a command found nothing.
std::string WhereToLook(const std::string& command, const std::string& message) {
  if (message.starts_with("no such tenant") || message.starts_with("no such project")) {
    return "gpuaas auth whoami shows yours, gpuaas context show where the name comes from";
  }
  for (const auto& [group, next] :
       {std::pair("allocations", "gpuaas allocations list shows those of the project that gpuaas context show tells"),
        std::pair("nodes", "gpuaas nodes list"), std::pair("ssh-keys", "gpuaas ssh-keys list"),
        std::pair("catalog", "gpuaas catalog list"), std::pair("ops workflows", "gpuaas ops workflows list")}) {
    if (command.starts_with(group)) return next;
  }
  return {};
}

// CLI11's complaints in our words: what was wrong, what was probably meant, where to look.
CliError ExplainParseError(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App* at = DeepestParsed(root);
  std::string words = WordsOf(*at);
  const std::string look = words + " --help";
  std::vector<std::string> unknown = root.remaining(/*recurse=*/true);
  if (unknown.empty()) {
    std::string commands;
    for (const CLI::App* command : CommandsOf(*at)) commands += (commands.empty() ? "" : "|") + command->get_name();
    return commands.empty() ? UsageError(error.what(), look)
                            : UsageError("'" + words + "' needs a command", words + " " + commands);
  }

  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  std::vector<std::string> known;
  const bool is_option = word.starts_with('-');
  if (is_option) {
    for (const CLI::App* app = at; app != nullptr; app = app->get_parent()) {
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
      }
    }
  } else {
    for (const CLI::App* deeper : CommandsOf(*at)) known.push_back(deeper->get_name());
  }
  if (const auto meant = MeantBy(words, word); meant && !is_option) {
    return UsageError("unknown command '" + word + "'", *meant);
  }
  const auto near = Suggest(word, known);
  return UsageError(
      (is_option       ? "unknown option "
       : known.empty() ? "unexpected argument "
                       : "unknown command ") +
          ("'" + word + "'"),
      near.empty() ? look : "did you mean " + (is_option ? words + " ... " : words + " ") + near.front() + "?");
}

// How errors are to be shown has to be known even where the command line can't be understood.
bool WantsJson(const std::vector<std::string>& arguments, const Settings::Environment& environment) {
  std::string format = environment("GPUAAS_OUTPUT").value_or("");
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string& argument = arguments[i];
    if ((argument == "-o" || argument == "--output") && i + 1 < arguments.size()) format = arguments[i + 1];
    if (argument.starts_with("--output=")) format = argument.substr(9);
    if (argument.starts_with("-o") && argument.size() > 2) format = argument.substr(2);
    for (const std::string_view json : {"--json", "--jq"}) {
      if (argument == json || argument.starts_with(std::string(json) + "=")) format = "json";
    }
  }
  return format.starts_with("json") || format == "yaml";
}

bool WantsJson(Invocation& run, const std::vector<std::string>& arguments) {
  try {
    return !run.output().IsTable() && run.output().options().format != Format::kNone;
  } catch (const CliError&) {
    return WantsJson(arguments, run.world().environment);
  }
}

}  // namespace

std::unique_ptr<CLI::App> MakeGpuaas(Invocation& run) {
  auto root = std::make_unique<CLI::App>("GPUs as a service, from the command line", "gpuaas");
  root->formatter(std::make_shared<Help>());
  root->fallthrough();  // the options of every command may stand anywhere
  root->set_version_flag("--version", "gpuaas " GPUAAS_VERSION);
  root->set_help_flag("-h,--help", "Show help");
  AddGlobalFlags(*root, run.flags);
  AddAuth(*root, run);
  AddContext(*root, run);
  AddCatalog(*root, run);
  AddAllocations(*root, run);
  AddOperations(*root, run);
  AddSshKeys(*root, run);
  AddNodes(*root, run);
  AddOps(*root, run);
  AddPending(*root, run);
  AddApi(*root, run);
  AddCompletion(*root, run);
  AddHelp(*root, run);
  for (const auto& [name, group] : kGroups) root->get_subcommand(name)->group(group);
  root->footer("Start with: gpuaas auth dev-login, gpuaas catalog list, gpuaas help allocations create");
  root->require_subcommand(1);
  NameVariables(*root, {"output", "url", "ca-file", "tenant", "project"});
  return root;
}

int RunGpuaas(const std::vector<std::string>& arguments, Surroundings world) {
  Invocation run(std::move(world));
  const auto fail = [&](const CliError& error, bool as_json) {
    run.Report(error, as_json);
    return static_cast<int>(error.exit);
  };
  try {
    const std::unique_ptr<CLI::App> root = MakeGpuaas(run);
    try {
      root->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForVersion& version) {
      run.world().out << version.what() << std::endl;
      return 0;
    } catch (const CLI::CallForHelp&) {
      const CLI::App* about = DeepestParsed(*root);
      const std::string words = WordsOf(*about);
      run.world().out << about->help(about == root.get() ? "" : words.substr(0, words.rfind(' '))) << std::flush;
      return 0;
    } catch (const CLI::ParseError& error) {
      if (arguments.empty()) {
        run.world().out << root->help() << std::flush;
        return 0;
      }
      return fail(ExplainParseError(*root, error), WantsJson(arguments, run.world().environment));
    }
    // A format or program that is none is refused before anything is sent.
    if (run.flags.settings.contains("output") || !run.flags.jq.empty()) run.output();
    return static_cast<int>(run.action());
  } catch (CliError& error) {
    if (error.exit == ExitCode::kNotFound && error.next.empty()) error.next = WhereToLook(run.command, error.message);
    return fail(error, WantsJson(run, arguments));
  } catch (const UnknownField& error) {
    return fail(UsageError(error.what(), "one of " + error.known), WantsJson(run, arguments));
  } catch (const JqFailure& error) {
    return fail(UsageError(std::string("--jq: ") + error.what(), "-o json shows what it is given"),
                WantsJson(run, arguments));
  } catch (const std::exception& error) {
    return fail(CliError(ErrorCode::kInternal, error.what()), WantsJson(arguments, run.world().environment));
  }
}

}  // namespace gpuaas::cli
