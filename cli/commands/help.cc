#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands/exit_codes.h"
#include "cli/commands/groups.h"
#include "cli/commands/man.h"
#include "cli/commands/support.h"
#include "cli/core/ids.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

ExitCode ShowExitCodes(Invocation& run) {
  Json items = Json::array();
  for (const ExitRow& row : kExits) {
    Json codes = Json::array();
    for (const ErrorInfo& info : kErrorCodes) {
      if (info.exit == row.exit) codes.push_back(info.name);
    }
    if (row.own_code != nullptr) codes.push_back(row.own_code);
    items.push_back({{"exit", static_cast<int>(row.exit)}, {"meaning", row.meaning}, {"codes", codes}});
  }
  return ShowItems(run, items, {}, {{"exit", "exit"}, {"meaning", "meaning"}, {"codes", "codes"}}, "exit codes");
}

constexpr const char* kEnvironmentTopic =
    R"(Every option can be given as a variable: --ssh-key-id is GPUAAS_SSH_KEY_ID. A flag wins over the variable, the
variable over what `gpuaas context use` remembered; `gpuaas context show` says where each value comes from.

GPUAAS_URL, GPUAAS_CA_FILE, GPUAAS_TENANT, GPUAAS_PROJECT, GPUAAS_REGION, GPUAAS_OUTPUT   the context
GPUAAS_HOME        where credentials, context and pending requests are kept (~/.gpuaas)
GPUAAS_TOKEN       an access token to use instead of a login
GPUAAS_DEBUG=api   shows each HTTP exchange on stderr, without secrets, bodies and values of queries
NO_COLOR, CLICOLOR_FORCE, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE   as elsewhere
)";

constexpr const char* kOutputTopic = R"(Data goes to stdout, everything else to stderr.

--output table     for people (the default); as many columns as fit the terminal, all in a pipe
--output wide      a table with more columns
--output json      one document; lists are {items, next_cursor}; errors are the envelope, on stderr
--output jsonl     one object per line
--output yaml      one document
--output none      nothing but the exit code
--json a,b.c       only these members
--jq PROGRAM       what this jq program makes of the JSON, strings bare: gpuaas allocations list --jq '.items[].id'
--columns a,b      only these columns; also any member of the object
--no-headers       rows only

)";

struct Topic {
  const char* name;
  const char* description;
  const char* text;  // nullptr: a table of its own
};

constexpr Topic kTopics[] = {{"exit-codes", "What a command ends with", nullptr},
                             {"environment", "Variables and their precedence", kEnvironmentTopic},
                             {"output", "Formats, fields and columns", kOutputTopic}};

ExitCode ShowHelp(const CLI::App& root, Invocation& run, const std::vector<std::string>& words) {
  for (const Topic& topic : kTopics) {
    if (words.size() != 1 || words.front() != topic.name) continue;
    if (topic.text == nullptr) return ShowExitCodes(run);
    run.world().out << topic.text << std::flush;
    return ExitCode::kDone;
  }
  const CLI::App* command = &root;
  std::string path = "gpuaas";
  for (const std::string& word : words) {
    const CLI::App* deeper = FindCommand(*command, word);
    if (deeper == nullptr) {
      std::vector<std::string> known;
      for (const CLI::App* each : CommandsOf(*command)) known.push_back(each->get_name());
      for (const Topic& topic : kTopics) known.push_back(topic.name);
      const auto near = Suggest(word, known);
      throw UsageError("no help about '" + word + "'", near.empty() ? "gpuaas help" : "gpuaas help " + near.front());
    }
    path += " " + word;
    command = deeper;
  }
  run.world().out << command->help(words.empty() ? "" : path.substr(0, path.rfind(' '))) << std::flush;
  if (words.empty()) {
    run.world().out << "\nTopics:\n";
    for (const Topic& topic : kTopics)
      run.world().out << "  gpuaas help " << Pad(topic.name, 14) << topic.description << "\n";
    run.world().out.flush();
  }
  return ExitCode::kDone;
}

}  // namespace

void AddHelp(CLI::App& root, Invocation& run) {
  auto words = std::make_shared<std::vector<std::string>>();
  auto man = std::make_shared<bool>(false);
  CLI::App* help =
      AddCommand(root, run, "help", "Help about a command or a topic",
                 "  gpuaas help allocations create\n  gpuaas help exit-codes\n  gpuaas help --man | man -l -",
                 [&root, &run, words, man] {
                   if (!*man) return ShowHelp(root, run, *words);
                   run.world().out << ManPage(root, GPUAAS_VERSION) << std::flush;
                   return ExitCode::kDone;
                 });
  help->add_flag("--man", *man, "Print the manual page of the program, for man(1)");
  help->add_option("about", *words, "A command's words, or exit-codes, environment, output")
      ->type_name("exit-codes|environment|output");

  AddCommand(root, run, "version", "This program's version", "", [&run] {
    run.output().ObjectOr({{"name", "gpuaas"}, {"version", GPUAAS_VERSION}}, "gpuaas " GPUAAS_VERSION "\n");
    return ExitCode::kDone;
  });
}

}  // namespace gpuaas::cli
