#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/client/client.h"
#include "temporal/worker/worker.h"
#include "tests/conformance/python/counterpart.h"
#include "tests/conformance/python/flows.h"

namespace temporal::interop {

using namespace std::chrono_literals;

// One Python process and one worker of ours for all tests, each on a task queue of its own, on the server that
// GPUAAS_TEMPORAL_ADDRESS names. With INTEROP_KEY, 32 bytes, both sides encrypt all payloads with it.
class PythonInterop : public ::testing::Test {
 public:
  static void Start();
  static void Stop();

 protected:
  void SetUp() override { ASSERT_TRUE(ready_) << "no server, or the Python side did not start"; }

  // What the Python client answers; a failure is part of it.
  static Json Ask(const std::string& what, Json ask) { return python_->Ask(what, std::move(ask)); }
  static Json Value(const Json& value) { return {{"value", value}}; }
  // Starts a workflow on our queue with the Python client. Returns its id.
  static std::string TheyStart(std::string_view type, const Json& argument, Json more = Json::object());
  // Starts one on theirs with our client.
  template <class Request, class Result>
  static std::string WeStart(const WorkflowRef<Request, Result>& workflow, const Request& request,
                             StartOptions options = StartOptions(), const std::string& queue = theirs()) {
    options.id = NewId();
    options.task_queue = queue;
    const auto started = client_->Start(workflow, request, options);
    EXPECT_TRUE(started.ok()) << started.status();
    return options.id;
  }
  // Runs `Call` on one side's queue.
  static Json RunCall(const Json& request, const std::string& queue, StartOptions options = StartOptions());
  // The failure that a status carries, as Python's describe tells it.
  static Json FailureIn(const absl::Status& status);
  // Waits until a story, run by either side, has nothing left to do but wait for its end. False after a minute.
  static bool UntilTold(const std::string& id);
  // What the story comes to when it ran through, with `amount` added.
  static Json StoryTold(int amount);
  static Json StoryRequest(const std::string& activities) { return {{"name", "reader"}, {"activities", activities}}; }
  static std::string NewId();
  static bool encrypted();
  // What is told of the query that fails. sdk-core and Python's client hand on its message alone, which hides with the
  // rest (sdk-core 867).
  static std::string NoWay() { return encrypted() ? "Encoded failure" : "no way"; }
  // A history as tools write it.
  static std::string JsonOf(const absl::StatusOr<api::history::v1::History>& history);

  static const std::string& ours() { return *ours_; }
  static const std::string& theirs() { return *theirs_; }
  static Client& client() { return *client_; }
  // Sees what the server has: without the codec, if there is one.
  static Client& server() { return *server_; }
  static WorkflowRegistry& workflows() { return *workflows_; }

 private:
  static inline bool ready_ = false;
  static inline std::unique_ptr<std::string> ours_, theirs_;
  static inline std::unique_ptr<Counterpart> python_;
  static inline std::unique_ptr<WorkflowRegistry> workflows_;
  static inline std::shared_ptr<Client> client_, server_;
  static inline std::unique_ptr<Worker> worker_;
};

}  // namespace temporal::interop
