#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "temporal/client/client.h"
#include "temporal/client/schedule_types.h"

namespace temporal::api::schedule::v1 {
class SchedulePatch;
}

namespace temporal {

// One schedule. Thread-safe; each function is one call to the server. kNotFound: there is no such schedule.
class ScheduleHandle {
 public:
  const std::string& id() const { return id_; }

  absl::StatusOr<ScheduleDescription> Describe() const;

  // Reads the schedule, lets `change` change it (the schedule and the search attributes count), and writes it back
  // unless `change` returns false. What other SDKs have set and this one does not know is kept. If the schedule was
  // changed in between, it is read and `change` called again; kAborted after five times. Servers up to 1.29 do not
  // tell: there the change that came first stays, and the other is lost.
  absl::Status Update(const std::function<bool(ScheduleDescription&)>& change) const;

  // Actions under way are not touched.
  absl::Status Delete() const;
  absl::Status Pause(std::string_view note = {}) const;
  absl::Status Unpause(std::string_view note = {}) const;
  // An action now.
  absl::Status Trigger(ScheduleOverlapPolicy overlap = ScheduleOverlapPolicy::kUnspecified) const;
  absl::Status Backfill(const std::vector<ScheduleBackfill>& backfill) const;

 private:
  friend class ScheduleClient;
  ScheduleHandle(std::shared_ptr<Transport> transport, ClientOptions options, std::string id)
      : transport_(std::move(transport)), options_(std::move(options)), id_(std::move(id)) {}
  absl::Status Patch(const api::schedule::v1::SchedulePatch& patch) const;

  std::shared_ptr<Transport> transport_;
  ClientOptions options_;
  std::string id_;
};

// The schedules of a client's namespace:
//   temporal::ScheduleClient schedules(client);
//   temporal::ScheduleSpec nightly;
//   nightly.cron_expressions = {"30 2 * * *"};
//   auto action = temporal::StartWorkflowAction(kReport, request, temporal::StartOptions("report", "reports"));
//   auto handle = schedules.Create("nightly-report", temporal::Schedule(*action, nightly));
class ScheduleClient {
 public:
  explicit ScheduleClient(const Client& client) : transport_(client.transport()), options_(client.options()) {}

  // kAlreadyExists: there is one of that id. kInvalidArgument: a spec that means nothing.
  absl::StatusOr<ScheduleHandle> Create(std::string_view id, const Schedule& schedule,
                                        const CreateScheduleOptions& options = {});
  // Of a schedule that is there; nothing is asked.
  ScheduleHandle GetHandle(std::string_view id) const { return {transport_, options_, std::string(id)}; }
  // Visibility: eventually consistent. `query` as of Client::List, over the schedules' search attributes.
  absl::StatusOr<ScheduleListPage> List(std::string_view query, int page_size, std::string_view page_token = {});

 private:
  const std::shared_ptr<Transport> transport_;
  const ClientOptions options_;
};

}  // namespace temporal
