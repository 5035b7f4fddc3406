#include "temporal/testing/fake/fake_service.h"

#include <algorithm>
#include <utility>

#include "temporal/testing/fake/server.h"

namespace temporal::testing {

FakeService::FakeService(FakeServiceOptions options) : server_(std::make_unique<fake::Server>(std::move(options))) {}
FakeService::~FakeService() = default;

absl::Status FakeService::Call(std::string_view method, const google::protobuf::Message& request,
                               google::protobuf::Message& response, const CallOptions& options) {
  return server_->Call(method, request, response, options);
}

Time FakeService::Now() const {
  std::lock_guard lock(server_->mutex);
  return server_->now;
}

void FakeService::Advance(Duration duration) {
  std::lock_guard lock(server_->mutex);
  server_->AdvanceTo(server_->now + std::chrono::duration_cast<Time::duration>(duration));
}

void FakeService::SkipTime(bool skip) {
  std::lock_guard lock(server_->mutex);
  server_->skip_until = skip ? Time::max() : Time::min();
  server_->SkipTimeIfIdle();
}

bool FakeService::Sleep(Duration duration, Duration patience) {
  std::unique_lock lock(server_->mutex);
  const Time end = server_->now + std::chrono::duration_cast<Time::duration>(duration);
  const Time before = std::exchange(server_->skip_until, std::max(server_->skip_until, end));
  server_->SkipTimeIfIdle();
  const bool slept = server_->changed.wait_for(lock, patience, [&] { return server_->now >= end; });
  server_->skip_until = before;
  return slept;
}

bool FakeService::WaitUntil(const std::function<bool()>& ready, Duration patience) {
  std::unique_lock lock(server_->mutex);
  return server_->changed.wait_for(lock, patience, ready);
}

bool FakeService::WaitIdle(bool activities_too, Duration patience) {
  return WaitUntil([&] { return server_->Idle(activities_too); }, patience);
}

bool FakeService::WaitForCalls(std::string_view method, int count) {
  return WaitUntil([&] { return server_->calls[std::string(method)] >= count; });
}

bool FakeService::WaitForPolls(int count) {
  return WaitUntil([&] { return server_->waiting_polls >= count; });
}

bool FakeService::WaitForEvent(std::string_view workflow_id, api::enums::v1::EventType type) {
  return WaitUntil([&] {
    const fake::Run* run = server_->Newest(workflow_id);
    return run != nullptr && std::any_of(run->events.begin(), run->events.end(),
                                         [type](const auto& event) { return event.event_type() == type; });
  });
}

void FakeService::SuggestContinueAsNewFrom(int64_t events) {
  std::lock_guard lock(server_->mutex);
  server_->suggest_from = events;
}

void FakeService::SuggestPolls(int more) {
  std::lock_guard lock(server_->mutex);
  server_->suggested_polls = more;
}

void FakeService::FailNext(std::string_view method, absl::Status status, int times) {
  std::lock_guard lock(server_->mutex);
  server_->failures[std::string(method)] = {std::move(status), times};
}

int FakeService::Calls(std::string_view method) const {
  std::lock_guard lock(server_->mutex);
  const auto found = server_->calls.find(std::string(method));
  return found == server_->calls.end() ? 0 : found->second;
}

api::history::v1::History FakeService::History(std::string_view workflow_id) const {
  std::lock_guard lock(server_->mutex);
  api::history::v1::History history;
  if (const fake::Run* run = server_->Newest(workflow_id)) {
    history.mutable_events()->Add(run->events.begin(), run->events.end());
  }
  return history;
}

}  // namespace temporal::testing
