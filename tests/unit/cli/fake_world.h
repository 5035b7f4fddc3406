#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/core/invocation.h"

namespace gpuaas::cli {

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

platform::HttpResponse Answer(int status, const Json& body);
platform::HttpResponse ErrorAnswer(int status, const std::string& code, const std::string& message);

// Streams, files and a server for runs of the program in this process. Requests may come from several threads.
class FakeWorld {
 public:
  using Handler = std::function<platform::HttpResult(const platform::HttpRequest&)>;

  // Logged in unless told otherwise.
  explicit FakeWorld(bool logged_in = true);

  // Answers "GET /api/v1/allocations"; the query is not part of it.
  void On(const std::string& route, Handler handler);
  void On(const std::string& route, platform::HttpResponse response);

  // Runs the program; `out` and `err` hold what it wrote.
  int Run(const std::vector<std::string>& arguments);

  Surroundings World();

  // What was sent to a route, in order.
  std::vector<platform::HttpRequest> Sent(const std::string& route) const;

  std::string out;
  std::string err;
  std::string in;
  bool in_is_tty = false;
  Terminal out_terminal;
  Terminal err_terminal;
  std::map<std::string, std::string> environment;
  std::filesystem::path home() const { return folder_.path(); }

 private:
  platform::HttpResult Serve(const platform::HttpRequest& request);

  TemporaryFolder folder_;
  std::ostringstream out_stream_, err_stream_;
  std::istringstream in_stream_;
  mutable std::mutex mutex_;
  std::map<std::string, Handler> handlers_;
  std::vector<std::pair<std::string, platform::HttpRequest>> sent_;
};

inline const std::string kUrl = "https://localhost:8443";
inline const std::string kId = "alloc_01J8ZZZZZZZZZZZZZZZZZZZZZZ";

inline const std::string kOther = "alloc_01J8YYYYYYYYYYYYYYYYYYYYYY";
inline const std::string kKey = "key_01J8ZZZZZZZZZZZZZZZZZZZZZZ";
inline const std::string kGpu14 = "node_01J8ZZZZZZZZZZZZZZZZZZZZZZ";

// As the contract shapes them.
Json AllocationIn(const std::string& state, const std::string& id = kId);
Json NodeIn(const std::string& state);
Json Page(const Json& items, const Json& next = nullptr);

}  // namespace gpuaas::cli
