#pragma once

#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/core/credentials.h"
#include "cli/core/error.h"
#include "cli/core/pending.h"
#include "cli/core/session.h"
#include "cli/core/settings.h"
#include "cli/render/output.h"

namespace gpuaas::cli {

// The options that every command takes, as given.
struct GlobalFlags {
  std::map<std::string, std::string> settings;  // url, ca_file, tenant, project, output: those that were given
  std::string fields;                           // --json a,b
  std::string jq;                               // --jq PROGRAM
  std::string columns;                          // --columns a,b
  bool no_headers = false;
  bool interactive = false;
  std::string request_timeout = "30s";
};

// What the world is to one run of the program; tests bring their own.
struct Surroundings {
  std::ostream& out = std::cout;
  std::ostream& err = std::cerr;
  std::istream& in = std::cin;
  Terminal out_terminal;
  Terminal err_terminal;
  bool in_is_tty = false;
  Settings::Environment environment = ProcessEnvironment;
  std::filesystem::path home;
  // How a session sends; made from the CA file once it is known.
  std::function<Session::Send(const std::string& ca_file)> connect;
  Session::Pause pause;
};

// The process's streams, files and network.
Surroundings RealSurroundings();

// One run of the program: what the command's code works with. Everything is made when first asked for, so that commands
// that need no network, login or files do not touch them. Members throw CliError.
class Invocation {
 public:
  explicit Invocation(Surroundings surroundings) : world_(std::move(surroundings)) {}

  GlobalFlags flags;
  std::string command;               // "allocations create", once it is known
  std::function<ExitCode()> action;  // what the parsed command does

  Surroundings& world() { return world_; }
  const Settings& settings();
  Output& output();
  Credentials credentials() const { return Credentials(world_.home / "credentials.json"); }
  PendingStore pending() const { return PendingStore(world_.home / "pending"); }
  std::filesystem::path profile_file() const { return world_.home / "context.json"; }

  // Talks to the chosen server as who is logged in there.
  const Session& session();
  // The same for a request made elsewhere: another server and scope.
  Session SessionFor(const std::string& url, const std::string& tenant, const std::string& project);
  // Needs no login.
  Session OpenSession();

  // Whether an option of that name is given by its variable: then it is meant for whichever command has it.
  bool HasVariable(std::string_view option) const { return world_.environment(EnvironmentName(option)).has_value(); }

  TimePoint Now() const;

  // A line on stderr for people.
  void Note(std::string_view text);
  // Progress: as Note, but not where stderr is likely to be read by a program (machine format, not a terminal).
  void Progress(std::string_view text);

  // For what cannot be undone: passes with `yes`; asks with --interactive on a terminal; else refuses and names --yes.
  // `action` reads "drain node node-0". With `name`, the answer has to be that name: for what is severe.
  void Confirm(bool yes, std::string_view action, const std::string& name = {});

  // Shows the error as the chosen format has it.
  void Report(const CliError& error, bool as_json);

 private:
  SessionOptions Options(const std::string& url, const std::string& tenant, const std::string& project);
  Session MakeSession(SessionOptions options);
  Session::Send Connect();

  Surroundings world_;
  std::optional<Settings> settings_;
  std::optional<Output> output_;
  std::unique_ptr<Session> session_;
};

// "a, b,c" -> {a, b, c}
std::vector<std::string> SplitList(std::string_view text);

}  // namespace gpuaas::cli
