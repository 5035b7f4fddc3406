#include <memory>
#include <string>
#include <vector>

#include "cli/commands/groups.h"
#include "cli/commands/support.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

const Columns kPending = {{"key", "key"},
                          {"command", "command"},
                          {"state", "state", Column::Kind::kState},
                          {"created_at", "created_at", Column::Kind::kTime},
                          {"user", "username"},
                          {"server", "url", Column::Kind::kText, true},
                          {"request", "request", Column::Kind::kText, true},
                          {"pid", "pid", Column::Kind::kText, true}};

std::string StateOf(const PendingStore::Listed& listed, TimePoint now) {
  if (listed.running) return "running";
  return IsPastRetention(listed.request, now) ? "expired" : "interrupted";
}

// Without the body: it may hold what should not be shown.
Json ToJson(const PendingStore::Listed& listed, TimePoint now) {
  const PendingRequest& request = listed.request;
  return {{"key", request.key},
          {"command", request.command},
          {"state", StateOf(listed, now)},
          {"created_at", request.created_at},
          {"username", request.username},
          {"url", request.url},
          {"tenant", request.tenant},
          {"project", request.project},
          {"request", request.method + " " + request.target},
          {"pid", request.pid}};
}

ExitCode List(Invocation& run) {
  Json items = Json::array();
  for (const auto& listed : run.pending().List()) items.push_back(ToJson(listed, run.Now()));
  return ShowItems(run, items, {}, kPending, "pending requests");
}

// The stored requests that were named; all that no process is sending, if none was.
std::vector<PendingStore::Listed> Chosen(Invocation& run, const std::vector<std::string>& keys, bool all) {
  if (keys.empty() != all) throw UsageError("name keys, or all of them by --all", "gpuaas pending list");
  std::vector<PendingStore::Listed> chosen;
  for (const std::string& key : keys) {
    auto listed = run.pending().Find(key);
    if (!listed) throw CliError(ErrorCode::kNotFound, "no pending request has the key " + key, "gpuaas pending list");
    if (listed->running) {
      throw CliError(ErrorCode::kConflict, "process " + std::to_string(listed->request.pid) + " is sending " + key,
                     "wait for it");
    }
    chosen.push_back(std::move(*listed));
  }
  if (all) {
    for (auto& listed : run.pending().List()) {
      if (!listed.running) chosen.push_back(std::move(listed));
    }
  }
  return chosen;
}

Json ResumeOne(Invocation& run, const PendingRequest& request) {
  if (IsPastRetention(request, run.Now())) {
    throw CliError(
        ErrorCode::kIdempotencyKeyExpired,
        "the request " + request.key + " is from " + request.created_at + ": the server no longer knows its key",
        "see whether it was done (gpuaas allocations list), then: gpuaas pending forget " + request.key + " --yes");
  }
  const bool has_token_of_its_own = run.world().environment("GPUAAS_TOKEN").has_value();
  const auto login = has_token_of_its_own ? std::nullopt : run.credentials().Find(request.url);
  if (login && !request.username.empty() && login->username != request.username) {
    throw CliError(ErrorCode::kPermissionDenied,
                   "the request " + request.key + " was made by " + request.username + ", not by " + login->username,
                   "log in as " + request.username);
  }
  if (login && ValidFor(*login, run.Now()).value_or(std::chrono::minutes(1)) <= std::chrono::milliseconds(0)) {
    throw CliError(ErrorCode::kTokenExpired, "the login at " + request.url + " has expired: nothing was sent",
                   "gpuaas auth dev-login --username " + login->username + " --password-stdin\ngpuaas pending resume " +
                       request.key);
  }
  return run.SessionFor(request.url, request.tenant, request.project).Resume(request);
}

ExitCode Resume(Invocation& run, const std::vector<std::string>& keys, bool all) {
  const auto chosen = Chosen(run, keys, all);
  if (chosen.empty()) run.Progress("no pending requests");
  for (const auto& listed : chosen) {
    const Json answer = ResumeOne(run, listed.request);
    const std::string state = TextAt(answer, "state");
    run.output().ObjectOr(
        answer,
        Printable(listed.request.command + ": " + TextAt(answer, "id") + (state.empty() ? "" : " " + state)) + "\n");
  }
  return ExitCode::kDone;
}

ExitCode Forget(Invocation& run, const std::vector<std::string>& keys, bool all, bool yes) {
  const auto chosen = Chosen(run, keys, all);
  std::string what = "forget";
  for (const auto& listed : chosen) what += " " + listed.request.key;
  if (!chosen.empty()) run.Confirm(yes, what + ", whose outcome is unknown,");
  Json forgotten = Json::array();
  for (const auto& listed : chosen) {
    if (run.pending().Forget(listed.request.key)) forgotten.push_back(ToJson(listed, run.Now()));
  }
  return ShowItems(run, forgotten, {}, kPending, "pending requests");
}

struct KeysFlags {
  std::vector<std::string> keys;
  bool all = false;
  bool yes = false;
};

}  // namespace

void AddPending(CLI::App& root, Invocation& run) {
  CLI::App* pending = AddGroup(root, "pending", "Requests whose answer never came");
  AddCommand(*pending, run, "list", "List them", "", [&run] { return List(run); });

  auto resumed = std::make_shared<KeysFlags>();
  CLI::App* resume =
      AddCommand(*pending, run, "resume", "Send requests again with their keys; nothing is done twice",
                 "  gpuaas pending resume --all", [&run, resumed] { return Resume(run, resumed->keys, resumed->all); });
  resume->add_option("key", resumed->keys, "Their keys")->type_name(kPendingKey);
  resume->add_flag("--all", resumed->all, "All that no process is sending");

  auto dropped = std::make_shared<KeysFlags>();
  CLI::App* forget = AddCommand(*pending, run, "forget", "Forget requests; their outcome stays unknown",
                                "  gpuaas pending forget cli_01J8 --yes",
                                [&run, dropped] { return Forget(run, dropped->keys, dropped->all, dropped->yes); });
  forget->add_option("key", dropped->keys, "Their keys")->type_name(kPendingKey);
  forget->add_flag("--all", dropped->all, "All that no process is sending");
  forget->add_flag("-y,--yes", dropped->yes, "Do not ask");
}

}  // namespace gpuaas::cli
