#include "cli/core/invocation.h"

#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "cli/core/home.h"
#include "cli/core/trace.h"
#include "cli/core/waiting.h"
#include "cli/render/text.h"

namespace gpuaas::cli {

Surroundings RealSurroundings() {
  Surroundings world;
  world.out_terminal = DescribeTerminal(STDOUT_FILENO);
  world.err_terminal = DescribeTerminal(STDERR_FILENO);
  world.in_is_tty = isatty(STDIN_FILENO) == 1;
  world.home = HomeDirectory();
  world.connect = [](const std::string& ca_file) -> Session::Send {
    platform::HttpClientOptions options;
    options.ca_file = ca_file;
    auto client = std::make_shared<platform::HttpClient>(std::move(options));
    return [client](const platform::HttpRequest& request) { return client->Send(request); };
  };
  world.pause = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  return world;
}

namespace {

std::shared_ptr<Jq> CompileJq(const std::string& program) {
  try {
    return std::make_shared<Jq>(program);
  } catch (const std::invalid_argument& complaint) {
    throw UsageError(std::string("--jq: ") + complaint.what(), "gpuaas help output");
  }
}

}  // namespace

const Settings& Invocation::settings() {
  if (!settings_) settings_ = Settings::Resolve(flags.settings, world_.environment, profile_file());
  return *settings_;
}

Output& Invocation::output() {
  if (output_) return *output_;
  const Setting& chosen = settings().Find("output");
  const auto format = ParseFormat(chosen.value);
  if (!format) {
    throw UsageError("unknown output format '" + chosen.value + "' (from " + chosen.origin + ")",
                     "one of table, wide, json, jsonl, yaml, none");
  }
  OutputOptions options{*format, SplitList(flags.fields), SplitList(flags.columns), !flags.no_headers};
  const bool is_table = *format == Format::kTable || *format == Format::kWide;
  if (!flags.jq.empty()) options.jq = CompileJq(flags.jq);
  if ((!options.fields.empty() || options.jq != nullptr) && is_table) options.format = Format::kJson;
  return output_.emplace(std::move(options), world_.out_terminal, world_.out, Now());
}

SessionOptions Invocation::Options(const std::string& url, const std::string& tenant, const std::string& project) {
  if (!platform::ParseUrl(url)) {
    throw UsageError("--url: '" + url + "' is not a URL", "for example https://localhost:8443; gpuaas context show");
  }
  SessionOptions options{url, tenant, project};
  options.command = command;
  const auto timeout = ParseDuration(flags.request_timeout);
  if (!timeout || timeout->count() == 0)
    throw UsageError("--request-timeout: not a duration: " + flags.request_timeout);
  options.timeout = *timeout;
  return options;
}

Session::Send Invocation::Connect() {
  Session::Send send = world_.connect(settings().Get("ca_file"));
  if (const auto debug = world_.environment("GPUAAS_DEBUG"); debug && debug->find("api") != std::string::npos) {
    return Traced(std::move(send));
  }
  return world_.err_terminal.is_tty ? WithWaitingLine(std::move(send), world_.err) : send;
}

Session Invocation::MakeSession(SessionOptions options) {
  return Session(std::move(options), pending(), Connect(), world_.pause);
}

Session Invocation::OpenSession() { return MakeSession(Options(settings().Get("url"), "", "")); }

Session Invocation::SessionFor(const std::string& url, const std::string& tenant, const std::string& project) {
  SessionOptions options = Options(url, tenant, project);
  if (const auto token = world_.environment("GPUAAS_TOKEN")) {
    options.token = *token;
  } else if (const auto login = credentials().Find(url)) {
    options.token = login->access_token;
    options.username = login->username;
  } else {
    throw CliError(ErrorCode::kUnauthenticated, "not logged in at " + url,
                   "gpuaas auth dev-login --username NAME --password-stdin");
  }
  return MakeSession(std::move(options));
}

const Session& Invocation::session() {
  if (!session_) {
    const Settings& s = settings();
    session_ = std::make_unique<Session>(SessionFor(s.Get("url"), s.Get("tenant"), s.Get("project")));
  }
  return *session_;
}

TimePoint Invocation::Now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void Invocation::Note(std::string_view text) { world_.err << Printable(text, /*keep_lines=*/true) << std::endl; }

void Invocation::Progress(std::string_view text) {
  if (world_.err_terminal.is_tty || output().IsTable()) Note(text);
}

void Invocation::Confirm(bool yes, std::string_view what, const std::string& name) {
  if (yes) return;
  const Settings& s = settings();
  const std::string where = " at " + s.Get("url");
  if (!flags.interactive || !world_.in_is_tty) {
    throw UsageError("refusing to " + std::string(what) + where + " without --yes",
                     "add --yes, or --interactive on a terminal");
  }
  world_.err << "About to " << Printable(what) << Printable(where) << ". "
             << (name.empty() ? "Continue? [y/N] " : "Type " + Printable(name) + " to go on: ") << std::flush;
  std::string answer;
  std::getline(world_.in, answer);
  if (name.empty() ? answer == "y" || answer == "Y" || answer == "yes" : answer == name) return;
  throw CliError(ErrorCode::kInvalidArgument, "declined: nothing was done").As(kDeclined, ExitCode::kDeclined);
}

void Invocation::Report(const CliError& error, bool as_json) {
  if (as_json) {
    world_.err << Envelope(error).dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  } else {
    world_.err << Explain(error, world_.err_terminal) << std::flush;
  }
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

}  // namespace gpuaas::cli
