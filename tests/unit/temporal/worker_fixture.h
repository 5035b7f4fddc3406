#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <ostream>

#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"

namespace temporal {

using namespace std::chrono_literals;

inline constexpr char kQueue[] = "queue";

// Size of the sticky cache and of a page of history (0: all in one): each pair takes another way through the engine.
struct Setting {
  int cache;
  int page_size;
  friend void PrintTo(const Setting& setting, std::ostream* out) {
    *out << "cache " << setting.cache << ", pages " << setting.page_size;
  }
};
inline const auto kSettings =
    ::testing::Values(Setting{1000, 0}, Setting{1, 0}, Setting{0, 0}, Setting{0, 3}, Setting{1, 2});

// A worker on the in-memory Temporal.
class WorkerFixture : public ::testing::Test {
 protected:
  void UseService(testing::FakeServiceOptions options) {
    service = std::make_shared<testing::FakeService>(std::move(options));
    client = std::make_shared<Client>(service);
  }

  std::unique_ptr<Worker> StartWorker(WorkerOptions options = WorkerOptions(kQueue)) {
    return StartWorker(workflows, activities, std::move(options));
  }
  std::unique_ptr<Worker> StartWorker(const WorkflowRegistry& w, const ActivityRegistry& a,
                                      WorkerOptions options = WorkerOptions(kQueue)) {
    auto worker = Worker::Create(client, w, a, std::move(options));
    EXPECT_TRUE(worker.ok()) << worker.status();
    const absl::Status status = (*worker)->Start();
    EXPECT_TRUE(status.ok()) << status;
    return *std::move(worker);
  }

  // On a new service.
  std::unique_ptr<Worker> StartWorker(const Setting& setting) {
    testing::FakeServiceOptions server;
    server.page_size = setting.page_size;
    UseService(server);
    WorkerOptions options(kQueue);
    options.sticky_cache_size = setting.cache;
    return StartWorker(std::move(options));
  }

  template <class Request, class Result>
  std::string Start(const WorkflowRef<Request, Result>& workflow, const Request& request, std::string id = "wf") {
    const auto started = client->Start(workflow, request, StartOptions(id, kQueue));
    EXPECT_TRUE(started.ok()) << started.status();
    return id;
  }

  // Lets the workflow come to rest, then moves the clock.
  void AdvanceWhenIdle(Duration duration) {
    ASSERT_TRUE(service->WaitIdle());
    service->Advance(duration);
  }

  int EventCount(std::string_view workflow_id, api::enums::v1::EventType type) const {
    int count = 0;
    const auto history = service->History(workflow_id);
    for (const auto& event : history.events()) count += event.event_type() == type;
    return count;
  }

  std::shared_ptr<testing::FakeService> service = std::make_shared<testing::FakeService>();
  std::shared_ptr<Client> client = std::make_shared<Client>(service);
  WorkflowRegistry workflows;
  ActivityRegistry activities;
};

}  // namespace temporal
