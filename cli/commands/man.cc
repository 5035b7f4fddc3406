#include "cli/commands/man.h"

#include "cli/commands/exit_codes.h"
#include "cli/commands/support.h"

namespace gpuaas::cli {
namespace {

// Text that roff prints as it is.
std::string Roff(const std::string& text) {
  std::string out;
  bool at_line_start = true;
  for (const char c : text) {
    if (at_line_start && (c == '.' || c == '\'')) out += "\\&";
    at_line_start = c == '\n';
    out += c == '\\' ? std::string("\\e") : c == '-' ? std::string("\\-") : std::string(1, c);
  }
  return out;
}

void AppendOptions(const CLI::App& command, std::string& out) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    std::string name = option->get_name(option->get_positional(), /*all_options=*/true);
    if (const std::size_t at = name.find("{false}"); at != std::string::npos) name.erase(at, 7);
    const std::string type = option->get_type_size() != 0 ? " " + option->get_type_name() : std::string();
    out += ".TP\n.B " + Roff(name + type) + "\n" + Roff(option->get_description()) + "\n";
  }
}

void AppendCommands(const CLI::App& app, const std::string& words, std::string& out) {
  for (const CLI::App* command : CommandsOf(app)) {
    if (command->get_name().starts_with("__")) continue;
    const std::string deeper = words + " " + command->get_name();
    if (!CommandsOf(*command).empty()) {
      AppendCommands(*command, deeper, out);
      continue;
    }
    out += ".SS " + Roff(deeper) + "\n" + Roff(command->get_description()) + ".\n";
    AppendOptions(*command, out);
    if (!command->get_footer().empty()) out += ".PP\n.EX\n" + Roff(command->get_footer()) + "\n.EE\n";
  }
}

}  // namespace

std::string ManPage(const CLI::App& root, const std::string& version) {
  const std::string name = root.get_name();
  std::string out = ".TH GPUAAS 1 \"\" \"" + name + " " + version + "\"\n.SH NAME\n" + name + " \\- " +
                    Roff(root.get_description()) + "\n.SH SYNOPSIS\n.B " + name +
                    "\n[OPTIONS] COMMAND ...\n.SH OPTIONS\n";
  AppendOptions(root, out);
  out += ".SH COMMANDS\n";
  AppendCommands(root, name, out);
  out += ".SH EXIT STATUS\n";
  for (const ExitRow& row : kExits) {
    out += ".TP\n.B " + std::to_string(static_cast<int>(row.exit)) + "\n" + Roff(row.meaning) + "\n";
  }
  return out + ".SH ENVIRONMENT\nEvery option can be given as a variable: \\-\\-ssh\\-key\\-id is GPUAAS_SSH_KEY_ID.\n";
}

}  // namespace gpuaas::cli
