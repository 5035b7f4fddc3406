#include "temporal/client/schedules.h"

#include "temporal/client/requests.h"
#include "temporal/client/schedule_proto.h"

namespace temporal {

namespace service = api::workflowservice::v1;
namespace wire = api::schedule::v1;
using client_internal::FillMap;
using client_internal::NewRequest;
using client_internal::ToMap;

namespace {

constexpr int kUpdateTries = 5;

template <class Request>
Request RequestFor(const ClientOptions& client, const std::string& id) {
  auto request = NewRequest<Request>(client);
  request.set_schedule_id(id);
  if constexpr (requires { request.set_request_id(""); }) request.set_request_id(NewUuid());
  return request;
}

absl::StatusOr<service::DescribeScheduleResponse> Read(Transport& transport, const ClientOptions& client,
                                                       const std::string& id) {
  return Invoke<service::DescribeScheduleResponse>(transport, "DescribeSchedule",
                                                   RequestFor<service::DescribeScheduleRequest>(client, id));
}

ScheduleDescription ToDescription(const service::DescribeScheduleResponse& response) {
  ScheduleDescription description;
  description.schedule = client_internal::ToSchedule(response.schedule());
  description.info = client_internal::ToInfo(response.info());
  description.memo = ToMap(response.memo().fields());
  description.search_attributes = ToMap(response.search_attributes().indexed_fields());
  return description;
}

// The server wants a word on why.
std::string Note(std::string_view note, const char* standard) { return note.empty() ? standard : std::string(note); }

}  // namespace

absl::StatusOr<ScheduleWorkflowAction> CheckedAction(ScheduleWorkflowAction action) {
  const StartOptions& options = action.options;
  if (options.id.empty()) return absl::InvalidArgumentError("a scheduled workflow needs an id");
  if (options.task_queue.empty()) return absl::InvalidArgumentError("a scheduled workflow needs a task queue");
  if (!options.cron_schedule.empty()) return absl::InvalidArgumentError("a scheduled workflow has no cron schedule");
  if (options.start_delay > Duration(0)) return absl::InvalidArgumentError("a scheduled workflow has no start delay");
  if (!options.request_id.empty()) return absl::InvalidArgumentError("a scheduled workflow has no request id");
  if (options.versioning_override) {
    if (absl::Status status = CheckOverride(*options.versioning_override); !status.ok()) return status;
  }
  return action;
}

absl::StatusOr<ScheduleHandle> ScheduleClient::Create(std::string_view id, const Schedule& schedule,
                                                      const CreateScheduleOptions& options) {
  if (auto checked = CheckedAction(schedule.action); !checked.ok()) return checked.status();
  auto request = RequestFor<service::CreateScheduleRequest>(options_, std::string(id));
  client_internal::Fill(schedule, *request.mutable_schedule());
  if (!options.backfill.empty()) *request.mutable_initial_patch() = client_internal::ToPatch(options.backfill);
  if (options.trigger_immediately) {
    request.mutable_initial_patch()->mutable_trigger_immediately()->set_overlap_policy(
        request.schedule().policies().overlap_policy());
  }
  if (!options.memo.empty()) FillMap(*request.mutable_memo()->mutable_fields(), options.memo);
  if (!options.search_attributes.empty()) {
    FillMap(*request.mutable_search_attributes()->mutable_indexed_fields(), options.search_attributes);
  }
  const auto created = Invoke<service::CreateScheduleResponse>(*transport_, "CreateSchedule", request);
  if (!created.ok()) return created.status();
  return GetHandle(id);
}

absl::StatusOr<ScheduleListPage> ScheduleClient::List(std::string_view query, int page_size,
                                                      std::string_view page_token) {
  auto request = NewRequest<service::ListSchedulesRequest>(options_);
  request.set_query(std::string(query));
  request.set_maximum_page_size(page_size);
  request.set_next_page_token(std::string(page_token));
  const auto response = Invoke<service::ListSchedulesResponse>(*transport_, "ListSchedules", request);
  if (!response.ok()) return response.status();
  ScheduleListPage page;
  for (const auto& entry : response->schedules()) page.schedules.push_back(client_internal::ToEntry(entry));
  page.next_page_token = response->next_page_token();
  return page;
}

absl::StatusOr<ScheduleDescription> ScheduleHandle::Describe() const {
  const auto response = Read(*transport_, options_, id_);
  if (!response.ok()) return response.status();
  return ToDescription(*response);
}

absl::Status ScheduleHandle::Update(const std::function<bool(ScheduleDescription&)>& change) const {
  for (int attempt = 0; attempt < kUpdateTries; ++attempt) {
    const auto read = Read(*transport_, options_, id_);
    if (!read.ok()) return read.status();
    ScheduleDescription description = ToDescription(*read);
    if (!change(description)) return absl::OkStatus();
    if (auto checked = CheckedAction(description.schedule.action); !checked.ok()) return checked.status();
    auto request = RequestFor<service::UpdateScheduleRequest>(options_, id_);
    *request.mutable_schedule() = read->schedule();
    client_internal::Fill(description.schedule, *request.mutable_schedule());
    request.set_conflict_token(read->conflict_token());
    FillMap(*request.mutable_search_attributes()->mutable_indexed_fields(), description.search_attributes);
    const auto written = Invoke<service::UpdateScheduleResponse>(*transport_, "UpdateSchedule", request);
    if (written.status().code() != absl::StatusCode::kFailedPrecondition) return written.status();
  }
  return absl::AbortedError("the schedule was changed by others each time");
}

absl::Status ScheduleHandle::Delete() const {
  return Invoke<service::DeleteScheduleResponse>(*transport_, "DeleteSchedule",
                                                 RequestFor<service::DeleteScheduleRequest>(options_, id_))
      .status();
}

absl::Status ScheduleHandle::Patch(const wire::SchedulePatch& patch) const {
  auto request = RequestFor<service::PatchScheduleRequest>(options_, id_);
  *request.mutable_patch() = patch;
  return Invoke<service::PatchScheduleResponse>(*transport_, "PatchSchedule", request).status();
}

absl::Status ScheduleHandle::Pause(std::string_view note) const {
  wire::SchedulePatch patch;
  patch.set_pause(Note(note, "paused"));
  return Patch(patch);
}

absl::Status ScheduleHandle::Unpause(std::string_view note) const {
  wire::SchedulePatch patch;
  patch.set_unpause(Note(note, "unpaused"));
  return Patch(patch);
}

absl::Status ScheduleHandle::Trigger(ScheduleOverlapPolicy overlap) const {
  wire::SchedulePatch patch;
  patch.mutable_trigger_immediately()->set_overlap_policy(static_cast<api::enums::v1::ScheduleOverlapPolicy>(overlap));
  return Patch(patch);
}

absl::Status ScheduleHandle::Backfill(const std::vector<ScheduleBackfill>& backfill) const {
  return Patch(client_internal::ToPatch(backfill));
}

}  // namespace temporal
