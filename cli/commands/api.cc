#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands/groups.h"
#include "cli/commands/support.h"
#include "cli/core/home.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

struct ApiFlags {
  std::string target;
  std::string method;
  std::vector<std::string> fields;
  std::vector<std::string> typed_fields;
  std::vector<std::string> headers;
  std::string key;
  bool paginate = false;
};

// "a.b=c" sets {"a": {"b": c}}.
void SetField(Json& body, const std::string& field, bool typed) {
  const std::size_t equals = field.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw UsageError("not a field: '" + field + "'", "-f name=value, or -f - for a body on standard input");
  Json* at = &body;
  std::string path = field.substr(0, equals);
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.')) {
    at = &(*at)[path.substr(0, dot)];
    path.erase(0, dot + 1);
  }
  const std::string value = field.substr(equals + 1);
  Json parsed = typed ? ParseJson(value) : Json(value);
  if (parsed.is_discarded()) throw UsageError("-F " + field + ": the value is not JSON", "-f takes it as text");
  (*at)[path] = std::move(parsed);
}

std::optional<Json> BodyOf(Invocation& run, const ApiFlags& flags) {
  std::optional<Json> body;
  for (const std::string& field : flags.fields) {
    if (field != "-") continue;
    const std::string text{std::istreambuf_iterator<char>(run.world().in), {}};
    body = ParseJson(text);
    if (body->is_discarded()) throw UsageError("standard input is not JSON");
  }
  for (const std::string& field : flags.fields) {
    if (field == "-") continue;
    if (!body) body = Json::object();
    SetField(*body, field, /*typed=*/false);
  }
  for (const std::string& field : flags.typed_fields) {
    if (!body) body = Json::object();
    SetField(*body, field, /*typed=*/true);
  }
  return body;
}

platform::HttpHeaders HeadersOf(const ApiFlags& flags) {
  platform::HttpHeaders headers;
  for (const std::string& header : flags.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos) throw UsageError("not a header: '" + header + "'", "-H 'Name: value'");
    const std::size_t value = header.find_first_not_of(' ', colon + 1);
    headers.emplace_back(header.substr(0, colon), value == std::string::npos ? "" : header.substr(value));
  }
  return headers;
}

void ShowAnswer(Invocation& run, const Reply& reply, bool is_health) {
  if (reply.status >= 400) {
    // /health answers 503 with its report: that is data too.
    const Json body = ParseJson(reply.body);
    if (body.is_object() && !body.contains("code")) run.output().ObjectOr(body, Printable(body.dump(2), true) + "\n");
    CliError error = ErrorOfResponse(reply.status, reply.body, reply.correlation_id);
    if (is_health) error.next.clear();  // which would say to look here
    throw error;
  }
  const Json body = ParseJson(reply.body);
  if (body.is_discarded()) {
    run.world().out << (run.output().terminal().is_tty ? Printable(reply.body, true) : reply.body) << std::flush;
  } else {
    run.output().ObjectOr(body, Printable(body.dump(2, ' ', false, Json::error_handler_t::replace), true) + "\n");
  }
}

ExitCode Api(Invocation& run, const ApiFlags& flags) {
  std::string target = flags.target;
  if (!target.starts_with('/')) target = "/api/v1/" + target;
  const std::optional<Json> body = BodyOf(run, flags);
  const std::string method = !flags.method.empty() ? flags.method : body ? "POST" : "GET";
  const bool is_public = target.starts_with("/health") || target.starts_with("/docs");
  const Session session = is_public ? run.OpenSession()
                                    : run.SessionFor(run.settings().Get("url"), run.settings().Get("tenant"),
                                                     run.settings().Get("project"));
  if (flags.paginate) {
    if (method != "GET") throw UsageError("--paginate is for GET");
    const Listing listing = List(session, target, {}, 0, {});
    run.output().ObjectOr({{"items", listing.items}, {"next_cursor", nullptr}},
                          Printable(listing.items.dump(2), true) + "\n");
    return ExitCode::kDone;
  }
  const bool is_read = method == "GET" || method == "HEAD";
  if (!is_read && target.starts_with("/api/v1/") && !target.starts_with("/api/v1/auth/") && flags.headers.empty()) {
    const Json answer = session.Mutate({method, target, body, flags.key});
    run.output().ObjectOr(answer, Printable(answer.dump(2), true) + "\n");
    return ExitCode::kDone;
  }
  platform::HttpHeaders headers = HeadersOf(flags);
  if (!flags.key.empty()) headers.emplace_back("X-Idempotency-Key", flags.key);
  ShowAnswer(run, session.Call(method, target, body ? body->dump() : std::string(), headers),
             target.starts_with("/health"));
  return ExitCode::kDone;
}

}  // namespace

void AddApi(CLI::App& root, Invocation& run) {
  auto flags = std::make_shared<ApiFlags>();
  CLI::App* api =
      AddCommand(root, run, "api", "Call the REST interface directly",
                 "  gpuaas api allocations\n"
                 "  gpuaas api allocations --paginate\n"
                 "  gpuaas api /api/v1/ssh-keys -f name=laptop -f public_key='ssh-ed25519 AAAA...'\n"
                 "  echo '{\"additional_seconds\": 3600}' | gpuaas api allocations/alloc_01J8.../extend -f -",
                 [&run, flags] { return Api(run, *flags); });
  api->add_option("path", flags->target, "A path; one without a leading / is below /api/v1/")
      ->required()
      ->type_name("PATH");
  api->add_option("-X,--method", flags->method, "GET, or POST if there are fields")->type_name("METHOD");
  api->add_option("-f,--field", flags->fields,
                  "A text field of the JSON body (a.b=c nests); - takes the body from standard input")
      ->type_name("NAME=VALUE")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  api->add_option("-F,--typed-field", flags->typed_fields, "A field whose value is JSON: a number, true, null, a list")
      ->type_name("NAME=JSON")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  api->add_option("-H,--header", flags->headers, "A header more; then nothing is stored for a resume")
      ->type_name("NAME:VALUE")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  api->add_flag("--paginate", flags->paginate, "Gather all pages of a list");
  AddKeyFlag(*api, flags->key);
}

}  // namespace gpuaas::cli
