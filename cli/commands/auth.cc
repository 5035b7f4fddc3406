#include <memory>
#include <string>

#include "cli/commands/groups.h"
#include "cli/commands/support.h"
#include "cli/core/terminal_input.h"

namespace gpuaas::cli {
namespace {

const Columns kIdentity = {{"user", "username"},
                           {"user_id", "user_id", Column::Kind::kText, true},
                           {"tenant", "scope.tenant"},
                           {"project", "scope.project"},
                           {"role", "role"},
                           {"platform_roles", "platform_roles"},
                           {"permissions", "permissions", Column::Kind::kText, true},
                           {"token_expires_at", "token_expires_at", Column::Kind::kTime}};

const Columns kLogin = {{"user", "username"},
                        {"server", "url"},
                        {"tenant", "scope.tenant"},
                        {"project", "scope.project"},
                        {"expires_at", "expires_at", Column::Kind::kTime}};

struct LoginFlags {
  std::string username;
  std::string password;
  bool password_stdin = false;
};

std::string PasswordOf(Invocation& run, const LoginFlags& flags) {
  if (flags.password_stdin) {
    std::string line;
    std::getline(run.world().in, line);
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) throw UsageError("no password on standard input");
    return line;
  }
  if (!flags.password.empty()) return flags.password;
  if (run.flags.interactive && run.world().in_is_tty) return ReadHidden("Password: ");
  throw UsageError("no password given", "--password-stdin reads it from standard input; --interactive asks for it");
}

// A context of an earlier login would silently send everything to a place that this user does not belong to.
void WarnOfForeignContext(Invocation& run, const Json& scope) {
  const Setting& tenant = run.settings().Find("tenant");
  if (tenant.value.empty() || tenant.value == TextAt(scope, "tenant") || tenant.value == TextAt(scope, "tenant_id"))
    return;
  run.Progress("note: tenant '" + tenant.value + "' from " + tenant.origin +
               " is not this login's; gpuaas context use --tenant " + TextAt(scope, "tenant") + " --project " +
               TextAt(scope, "project") + " follows it");
}

ExitCode DevLogin(Invocation& run, const LoginFlags& flags) {
  const std::string url = run.settings().Get("url");
  const Json token = run.OpenSession().PostOpen("/api/v1/auth/dev-login",
                                                {{"username", flags.username}, {"password", PasswordOf(run, flags)}});
  Login login{flags.username, TextAt(token, "access_token"), TextAt(token, "expires_at")};
  if (At(token, "scope").is_object()) login.scope = token["scope"];
  run.credentials().Store(url, login);
  WarnOfForeignContext(run, login.scope);
  run.output().Object(
      {{"username", login.username}, {"url", url}, {"expires_at", login.expires_at}, {"scope", login.scope}}, kLogin);
  return ExitCode::kDone;
}

ExitCode Logout(Invocation& run) {
  const std::string url = run.settings().Get("url");
  const bool removed = run.credentials().Remove(url);
  run.Progress(removed ? "logged out of " + url : "was not logged in at " + url);
  if (!run.output().IsTable()) run.output().Object({{"url", url}, {"logged_out", removed}}, {});
  return ExitCode::kDone;
}

}  // namespace

void AddAuth(CLI::App& root, Invocation& run) {
  CLI::App* auth = AddGroup(root, "auth", "Log in and out");
  auto flags = std::make_shared<LoginFlags>();
  CLI::App* login = AddCommand(*auth, run, "dev-login", "Log in as a development user, by password",
                               "  gpuaas auth dev-login --username dev-user --password-stdin < password.txt\n"
                               "  gpuaas auth dev-login --username dev-user --password dev123",
                               [&run, flags] { return DevLogin(run, *flags); });
  login->add_option("-u,--username", flags->username, "The user's name")->required()->type_name("NAME");
  login->add_option("--password", flags->password, "The password; others on this machine can see it")
      ->type_name("TEXT");
  login->add_flag("--password-stdin", flags->password_stdin, "Read the password from standard input");

  AddCommand(*auth, run, "whoami", "Who is logged in, where, and what they may do", "  gpuaas auth whoami -o json",
             [&run] {
               run.output().Object(run.session().Get("/api/v1/auth/whoami"), kIdentity);
               return ExitCode::kDone;
             });
  AddCommand(*auth, run, "logout", "Forget the login on this machine", "", [&run] { return Logout(run); });
}

}  // namespace gpuaas::cli
