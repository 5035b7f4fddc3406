#include <map>
#include <memory>
#include <string>

#include "cli/commands/groups.h"
#include "cli/commands/support.h"
#include "cli/core/home.h"

namespace gpuaas::cli {
namespace {

const Columns kSetting = {{"name", "name"}, {"value", "value"}, {"source", "source"}};

// Written to the profile file: what later commands go by.
ExitCode Use(Invocation& run, const std::map<std::string, std::string>& stored, bool clear) {
  std::map<std::string, std::string> changes = stored;
  for (const auto& [name, value] : run.flags.settings)
    changes[name] = value;  // --tenant, --project, ... are options of all commands
  std::erase_if(changes, [](const auto& change) { return change.second.empty(); });
  if (changes.empty() && !clear) {
    throw UsageError(
        "nothing to use",
        "gpuaas context use --tenant acme --project ml-research; also --url, --ca-file, --region, --output");
  }
  if (const auto output = changes.find("output"); output != changes.end() && !ParseFormat(output->second)) {
    throw UsageError("unknown output format '" + output->second + "'", "one of table, wide, json, jsonl, yaml, none");
  }
  const FileLock lock(run.profile_file().string() + ".lock");
  Json profile = clear ? Json::object() : ReadJsonFile(run.profile_file());
  for (const auto& [name, value] : changes) {
    // A file named from here must be found from anywhere.
    profile[name] = name == "ca_file" ? std::filesystem::absolute(value).string() : value;
  }
  WriteFileAtomically(run.profile_file(), profile.dump(2) + "\n");
  run.output().Object(profile, {{"tenant", "tenant"},
                                {"project", "project"},
                                {"region", "region"},
                                {"url", "url"},
                                {"ca_file", "ca_file"},
                                {"output", "output"}});
  return ExitCode::kDone;
}

struct LoginView {
  std::optional<Login> login;
  std::string status;  // "as dev-user; the token expires in 14m02s"
};

LoginView LookAtLogin(Invocation& run) {
  LoginView view{run.credentials().Find(run.settings().Get("url")), {}};
  if (run.world().environment("GPUAAS_TOKEN")) {
    view.status = "by a token in GPUAAS_TOKEN";
  } else if (!view.login) {
    view.status = "not logged in";
  } else if (const auto left = ValidFor(*view.login, run.Now())) {
    view.status =
        "as " + view.login->username + "; the token " +
        (left->count() > 0 ? "expires in " + FormatDuration(*left) : "expired " + FormatDuration(-*left) + " ago");
  } else {
    view.status = "as " + view.login->username;
  }
  return view;
}

ExitCode Show(Invocation& run) {
  const LoginView view = LookAtLogin(run);
  Json values = Json::object(), sources = Json::object(), rows = Json::array();
  for (const Setting& setting : run.settings().All()) {
    std::string value = setting.value, source = setting.origin;
    if (value.empty() && view.login && (setting.name == "tenant" || setting.name == "project")) {
      value = TextAt(view.login->scope, setting.name);
      source = "login";
    }
    values[setting.name] = value.empty() ? Json() : Json(value);
    sources[setting.name] = source;
    rows.push_back({{"name", setting.name}, {"value", value}, {"source", source}});
  }
  values["username"] = view.login ? Json(view.login->username) : Json();
  values["token_expires_at"] = view.login ? Json(view.login->expires_at) : Json();
  values["home"] = run.world().home.string();
  values["sources"] = sources;
  if (run.output().IsTable()) {
    rows.push_back({{"name", "login"}, {"value", view.status}, {"source", "credentials.json"}});
    rows.push_back({{"name", "home"}, {"value", run.world().home.string()}, {"source", "GPUAAS_HOME or ~/.gpuaas"}});
    run.output().List(rows, {}, kSetting);
  } else {
    run.output().Object(values, {});
  }
  return ExitCode::kDone;
}

}  // namespace

void AddContext(CLI::App& root, Invocation& run) {
  CLI::App* context = AddGroup(root, "context", "The tenant, project and server that commands go to");
  struct Flags {
    std::string region;
    bool clear = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* use = AddCommand(*context, run, "use", "Remember tenant, project, region, server or output format",
                             "  gpuaas context use --tenant acme --project ml-research\n"
                             "  gpuaas context use --url https://gpu.example.com --ca-file ca.pem",
                             [&run, flags] { return Use(run, {{"region", flags->region}}, flags->clear); });
  use->add_option("--region", flags->region, "Where to allocate unless a command says otherwise")->type_name("REGION");
  use->add_flag("--clear", flags->clear, "Forget what was remembered first");
  AddCommand(*context, run, "show", "Show every setting and where its value comes from",
             "  gpuaas context show -o json", [&run] { return Show(run); });
}

}  // namespace gpuaas::cli
