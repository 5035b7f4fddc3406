#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/client/client.h"
#include "temporal/common/observer.h"
#include "temporal/workflow/interceptor.h"
#include "temporal/workflow/registry.h"

namespace temporal::api::history::v1 {
class History;
}

namespace temporal::testing {

// Runs workflows against recorded histories, to see before a release that the code still does what it did. A history
// may be that of a run still going on. Not thread-safe.
//
// Errors of all functions: kFailedPrecondition "[TMPRL1100] ..." when code and history disagree, kUnknown when the code
// threw, kUnimplemented for an unregistered workflow type, kDataLoss or kInvalidArgument for what is no history.
class Replayer {
 public:
  // `registry` and `observer` must outlive the replayer.
  explicit Replayer(const WorkflowRegistry& registry, Observer& observer = SilentObserver());

  // Those of the worker that recorded the histories, in its order.
  void set_interceptors(std::vector<WorkflowInterceptorFactory> interceptors) {
    interceptors_ = std::move(interceptors);
  }
  absl::Status Replay(api::history::v1::History history);
  // As `temporal workflow show --output json`, the web UI and other SDKs write it: enums in either spelling.
  absl::Status ReplayJson(std::string_view json);
  // JSON, or binary protobuf if the name ends in .bin. kNotFound if it cannot be read.
  absl::Status ReplayFile(const std::filesystem::path& path);
  // Straight from a server: the newest run, or the one named. Payloads pass the client's codec. Errors of
  // Client::History too: kNotFound for no such execution.
  absl::Status ReplayExecution(Client& client, const Execution& execution);
  // Every *.json and *.bin of the folder, by file name. kNotFound if there is no such folder, or nothing in it.
  absl::StatusOr<std::map<std::string, absl::Status>> ReplayDirectory(const std::filesystem::path& folder);

 private:
  const WorkflowRegistry& registry_;
  Observer& observer_;
  std::vector<WorkflowInterceptorFactory> interceptors_;
};

// The history in the JSON. kInvalidArgument if it is none.
absl::StatusOr<api::history::v1::History> ParseHistoryJson(std::string_view json);

}  // namespace temporal::testing
