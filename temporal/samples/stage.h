#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"

namespace samples {

// Where a sample plays: the in-memory Temporal, whose clock jumps over the waiting, or a server. A worker with the
// sample's workflows and activities runs.
class Stage {
 public:
  Stage(std::shared_ptr<temporal::Client> client, bool real);

  temporal::Client& client() const { return *client_; }
  const std::string& queue() const { return queue_; }
  // A server is used: what waits for long would take long.
  bool real() const { return real_; }

  // Starts a workflow under an id that nobody else has, on the stage's queue; ends the program if that fails.
  template <class Request, class Result>
  std::string Start(const temporal::WorkflowRef<Request, Result>& workflow,
                    const std::type_identity_t<Request>& request, temporal::StartOptions options = {}) {
    options.id = NewId();
    options.task_queue = queue_;
    return Started(client_->Start(workflow, request, options));
  }
  template <class Request, class Result>
  absl::StatusOr<Result> Run(const temporal::WorkflowRef<Request, Result>& workflow,
                             const std::type_identity_t<Request>& request) {
    return client_->GetResult(workflow, Start(workflow, request), std::chrono::seconds(60));
  }

  // Ends the program with status 1 unless it holds.
  static void Expect(bool holds, std::string_view what);
  template <class T>
  static T Value(absl::StatusOr<T> value) {
    Expect(value.ok(), value.status().ToString());
    return *std::move(value);
  }

  // The workflows started so far.
  const std::vector<std::string>& ids() const { return ids_; }

 private:
  static std::string NewId();
  std::string Started(const absl::StatusOr<temporal::Started>& started);

  const std::shared_ptr<temporal::Client> client_;
  const bool real_;
  const std::string queue_;
  std::vector<std::string> ids_;
};

// The main function of a sample. Its command line:
//   (nothing)                  plays the story in memory
//   ADDRESS [--record FOLDER]  plays it on a server, and writes the histories to FOLDER/<sample>.<n>.json
//   --replay FILE...           runs the sample's workflows against recorded histories
int Main(int argc, char** argv, const temporal::WorkflowRegistry& workflows,
         const temporal::ActivityRegistry& activities, const std::function<void(Stage&)>& story);

}  // namespace samples
