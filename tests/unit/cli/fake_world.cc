#include "fake_world.h"

#include <cstdlib>
#include <utility>

#include "cli/commands/gpuaas.h"

namespace gpuaas::cli {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "gpuaas-cli-test.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

platform::HttpResponse Answer(int status, const Json& body) {
  return {status, {{"X-Correlation-Id", "corr_1"}}, body.dump()};
}

platform::HttpResponse ErrorAnswer(int status, const std::string& code, const std::string& message) {
  return Answer(status,
                {{"code", code}, {"message", message}, {"correlation_id", "corr_7be1"}, {"details", Json::object()}});
}

FakeWorld::FakeWorld(bool logged_in) {
  if (logged_in) {
    const Json scope = {
        {"tenant_id", "tnt_1"}, {"tenant", "acme"}, {"project_id", "prj_1"}, {"project", "ml-research"}};
    Credentials(home() / "credentials.json").Store(kUrl, {"dev-user", "secret-token", "2999-01-01T00:00:00Z", scope});
  }
}

void FakeWorld::On(const std::string& route, Handler handler) { handlers_[route] = std::move(handler); }

void FakeWorld::On(const std::string& route, platform::HttpResponse response) {
  On(route, [response = std::move(response)](const platform::HttpRequest&) { return platform::HttpResult(response); });
}

platform::HttpResult FakeWorld::Serve(const platform::HttpRequest& request) {
  const std::string target = platform::ParseUrl(request.url)->target;
  const std::string route = request.method + " " + target.substr(0, target.find('?'));
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    sent_.emplace_back(route, request);
    if (const auto found = handlers_.find(route); found != handlers_.end()) handler = found->second;
  }
  return handler ? handler(request) : platform::HttpResult(ErrorAnswer(404, "not_found", "no route " + route));
}

Surroundings FakeWorld::World() {
  in_stream_ = std::istringstream(in);
  return Surroundings{out_stream_,
                      err_stream_,
                      in_stream_,
                      out_terminal,
                      err_terminal,
                      in_is_tty,
                      [this](const std::string& name) -> std::optional<std::string> {
                        const auto found = environment.find(name);
                        return found == environment.end() ? std::nullopt : std::optional(found->second);
                      },
                      home(),
                      [this](const std::string&) -> Session::Send {
                        return [this](const platform::HttpRequest& request) { return Serve(request); };
                      },
                      [](std::chrono::milliseconds) {}};
}

int FakeWorld::Run(const std::vector<std::string>& arguments) {
  out_stream_.str({});
  err_stream_.str({});
  const int exit = RunGpuaas(arguments, World());
  out = out_stream_.str();
  err = err_stream_.str();
  return exit;
}

std::vector<platform::HttpRequest> FakeWorld::Sent(const std::string& route) const {
  const std::lock_guard lock(mutex_);
  std::vector<platform::HttpRequest> requests;
  for (const auto& [sent_route, request] : sent_) {
    if (sent_route == route) requests.push_back(request);
  }
  return requests;
}

Json AllocationIn(const std::string& state, const std::string& id) {
  return {{"id", id},
          {"name", "train-7b"},
          {"state", state},
          {"workflow_id", "allocation/" + id},
          {"operation_id", "op_5K2Q"},
          {"correlation_id", "corr_7be1"},
          {"sku", "h200-sxm-8x"},
          {"region", "us-buffalo-1"},
          {"gpus", 8},
          {"node", "node-0"},
          {"lease_expires_at", nullptr},
          {"error", nullptr},
          {"created_at", "2025-01-02T03:02:11Z"},
          {"updated_at", "2025-01-02T03:02:12Z"},
          {"ended_at", nullptr}};
}

Json NodeIn(const std::string& state) {
  return {
      {"id", kGpu14},          {"name", "gpu-14"},          {"state", state},           {"gpu_model", "NVIDIA H200"},
      {"gpus", Json::array()}, {"operation_id", "op_5K2Q"}, {"reason", "a fan is loud"}};
}

Json Page(const Json& items, const Json& next) { return {{"items", items}, {"next_cursor", next}}; }

}  // namespace gpuaas::cli
