#include "cli/commands/support.h"

#include <utility>

namespace gpuaas::cli {
namespace {

// "allocations create" of nested commands, without the program's name.
std::string PathOfCommand(const CLI::App* command) {
  std::string path = command->get_name();
  for (const CLI::App* up = command->get_parent(); up != nullptr && up->get_parent() != nullptr;
       up = up->get_parent()) {
    path = up->get_name() + " " + path;
  }
  return path;
}

}  // namespace

CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

CLI::App* AddCommand(CLI::App& parent, Invocation& run, const std::string& name, const std::string& description,
                     const std::string& examples, std::function<ExitCode()> action) {
  CLI::App* command = parent.add_subcommand(name, description);
  if (!examples.empty()) command->footer("Examples:\n" + examples);
  command->callback([&run, command, action = std::move(action)] {
    run.command = PathOfCommand(command);
    run.action = action;
  });
  return command;
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* FindCommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : CommandsOf(app)) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

void AddListFlags(CLI::App& command, ListFlags& flags) {
  command.add_option("--limit", flags.limit, "Show at most this many")->type_name("N")->check(CLI::PositiveNumber);
  command.add_flag("--all", flags.all, "Show all");
  command.add_option("--cursor", flags.cursor, "Continue after an earlier list")->type_name("CURSOR");
}

ExitCode ShowItems(Invocation& run, const Json& items, const std::string& next_cursor, const Columns& columns,
                   std::string_view nouns) {
  run.output().List(items, next_cursor, columns);
  if (items.empty()) run.Progress("no " + std::string(nouns));
  if (!next_cursor.empty()) {
    run.Progress("the first " + std::to_string(items.size()) + " " + std::string(nouns) +
                 "; for more: --all, or --cursor " + next_cursor);
  }
  return ExitCode::kDone;
}

ExitCode ShowList(Invocation& run, std::string_view path, const Query& query, const ListFlags& flags,
                  const Columns& columns, std::string_view nouns) {
  const Listing listing = List(run.session(), path, query, flags.all ? 0 : flags.limit, flags.cursor);
  return ShowItems(run, listing.items, listing.next_cursor, columns, nouns);
}

void AddKeyFlag(CLI::App& command, std::string& key) {
  command.add_option("--idempotency-key", key, "Repeat a request safely: the same key is never carried out twice")
      ->type_name("TEXT");
}

std::chrono::milliseconds DurationOf(const std::string& option, const std::string& text) {
  const auto duration = ParseDuration(text);
  if (!duration)
    throw UsageError(option + ": '" + text + "' is not a duration", "for example 90s, 10m, 2h, 1h30m or 7d");
  return *duration;
}

}  // namespace gpuaas::cli
