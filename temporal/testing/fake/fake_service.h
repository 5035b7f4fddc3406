#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/transport/transport.h"

namespace temporal::testing {

namespace fake {
class Server;
}

struct FakeServiceOptions {
  FakeServiceOptions() {}

  // Largest number of events in one page of history; 0: no paging.
  int page_size = 0;
  // Whenever nothing runs and nothing is ready to run, the clock jumps to the next timer, retry or timeout by itself.
  bool skip_time = false;
  // What DescribeNamespace says and ShutdownWorker does: whether polls end when their worker stops.
  bool ends_polls_on_shutdown = true;
  // Whether activities and first workflow tasks are handed out at once to workers that ask for it.
  bool eager_activities = true;
  bool eager_workflow_start = true;
  // A call that waits for an update gets what is known after so long (of real time).
  Duration longest_update_wait = std::chrono::seconds(20);
};

// An in-memory Temporal behind the Transport port: executions with their histories, task queues (sticky too), timers,
// signals, queries, updates with speculative tasks, activities with retries, timeouts, heartbeats, cancellation and
// completion from outside, children, continue-as-new, worker deployments with their routing. Its clock stands still
// unless advanced. One namespace. Thread-safe; blocking calls obey CallOptions in real time. Not there: reset,
// schedules, list filters, workflow retries, transient tasks (each attempt is in the history).
class FakeService : public Transport {
 public:
  explicit FakeService(FakeServiceOptions options = FakeServiceOptions());
  ~FakeService() override;

  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override;

  Time Now() const;
  // Moves the clock; everything due fires in order, before any workflow hears of it.
  void Advance(Duration duration);
  // As FakeServiceOptions::skip_time, from now on.
  void SkipTime(bool skip);
  // Lets so much time pass, each time only once workflows and activities have done what there was to do. False: they
  // have not come to rest within `patience` (of real time).
  bool Sleep(Duration duration, Duration patience = std::chrono::seconds(20));
  // Waiting, at most 20 s of real time unless told otherwise; false: not within that.
  // Until no task is queued or being worked on (running activities count only if told so). Call it before Advance, so
  // that the workflow has set its timers.
  bool WaitIdle(bool activities_too = true, Duration patience = std::chrono::seconds(20));
  // Until the method has been called so often, so many polls wait, the newest run has such an event.
  bool WaitForCalls(std::string_view method, int count = 1);
  bool WaitForPolls(int count);
  bool WaitForEvent(std::string_view workflow_id, api::enums::v1::EventType type);

  // From now on a workflow task whose history is at least so long suggests to continue as new; 0: none does.
  void SuggestContinueAsNewFrom(int64_t events);
  // From now on the answer to each poll suggests so many polls more (or less) at once; 0: none does.
  void SuggestPolls(int more);
  // The next `times` calls of the method fail so, without effect.
  void FailNext(std::string_view method, absl::Status status, int times = 1);
  // Calls of the method until now, failed ones included.
  int Calls(std::string_view method) const;
  // Of the newest run; empty if there is none.
  api::history::v1::History History(std::string_view workflow_id) const;

 private:
  bool WaitUntil(const std::function<bool()>& ready, Duration patience = std::chrono::seconds(20));
  const std::unique_ptr<fake::Server> server_;
};

}  // namespace temporal::testing
