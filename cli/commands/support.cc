#include "cli/commands/support.h"

#include <algorithm>
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
  command.add_option("--limit", flags.limit, "Show at most this many")
      ->type_name("N")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const bool is_count = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
            return is_count && text.find_first_not_of('0') != std::string::npos
                       ? std::string()
                       : "'" + text + "' is not a number from 1 up";
          },
          ""));
  command.add_flag("--all", flags.all, "Show all");
  command.add_option("--cursor", flags.cursor, "Continue after an earlier list")->type_name("CURSOR");
}

void TakeOneOf(CLI::Option* option, const std::vector<std::string>& words) {
  std::string joined, listed;
  for (const std::string& word : words) {
    joined += (joined.empty() ? "" : "|") + word;
    listed += (listed.empty() ? "" : ", ") + word;
  }
  option->type_name(joined)->check(CLI::Validator(
      [words, listed](const std::string& text) {
        if (std::ranges::find(words, text) != words.end()) return std::string();
        return "'" + text + "' is not one of " + listed;
      },
      ""));
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

namespace {

// In the largest unit that says it exactly: 1209600 s is 14d.
std::string Exactly(std::chrono::milliseconds span) {
  const long seconds = static_cast<long>(span.count() / 1000);
  for (const auto& [unit, size] : {std::pair("d", 86'400L), std::pair("h", 3'600L), std::pair("m", 60L)}) {
    if (seconds % size == 0) return std::to_string(seconds / size) + unit;
  }
  return std::to_string(seconds) + "s";
}

// "must be at most 1209600", said of seconds, in words that fit a flag that takes a duration.
std::string InDurations(const std::string& problem) {
  const std::size_t at = problem.find_first_of("0123456789");
  if (at == std::string::npos) return problem;
  const std::size_t end = std::min(problem.find_first_not_of("0123456789", at), problem.size());
  const auto bound = ParseDuration(problem.substr(at, end - at));
  if (!bound) return problem;
  return problem.substr(0, at) + Exactly(*bound) + problem.substr(end);
}

}  // namespace

Json Mutate(Invocation& run, const Mutation& mutation, const FlagsOfFields& flags) {
  try {
    return run.session().Mutate(mutation);
  } catch (CliError& error) {
    Json faults = Json::array();
    for (Json fault : At(error.details, "fields")) {
      const std::string field = TextAt(fault, "field"), top = field.substr(0, field.find('/'));
      for (const auto& [name, flag] : flags) {
        if (name != top) continue;
        fault["flag"] = flag;
        if (name.ends_with("_seconds")) fault["problem"] = InDurations(TextAt(fault, "problem"));
      }
      const bool is_said =
          std::ranges::any_of(faults, [&](const Json& other) { return At(other, "field") == At(fault, "field"); });
      if (!is_said) faults.push_back(std::move(fault));
    }
    if (!faults.empty()) error.details["fields"] = std::move(faults);
    throw;
  }
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
