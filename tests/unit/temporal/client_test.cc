#include "temporal/client/client.h"

#include <gtest/gtest.h>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/transport/grpc_transport.h"
#include "temporal/transport/retry.h"

namespace temporal {
namespace {

using namespace std::chrono_literals;

constexpr WorkflowRef<std::string, std::string> kFlow{"Flow"};
constexpr SignalRef<std::string> kNudge{"nudge"};

class ClientTest : public ::testing::Test {
 protected:
  absl::StatusOr<Started> Start(StartOptions options) { return client.Start(kFlow, std::string("in"), options); }
  std::shared_ptr<testing::FakeService> service = std::make_shared<testing::FakeService>();
  Client client{service};
};

TEST_F(ClientTest, ARunningIdIsRefusedUsedOrReplaced) {
  const auto first = Start(StartOptions("a", "q"));
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->started);
  EXPECT_EQ(Start(StartOptions("a", "q")).status().code(), absl::StatusCode::kAlreadyExists);
  const auto used = Start(StartOptions("a", "q").WithConflict(IdConflictPolicy::kUseExisting));
  EXPECT_EQ(used->run_id, first->run_id);
  EXPECT_FALSE(used->started);
  const auto fresh = Start(StartOptions("a", "q").WithConflict(IdConflictPolicy::kTerminateExisting));
  EXPECT_NE(fresh->run_id, first->run_id);
  EXPECT_EQ(client.Describe(Execution("a", first->run_id))->summary.status, WorkflowStatus::kTerminated);
}

TEST_F(ClientTest, TheSameRequestIdGivesTheSameRun) {
  const auto first = Start(StartOptions("a", "q").WithRequestId("r1"));
  const auto again = Start(StartOptions("a", "q").WithRequestId("r1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->run_id, first->run_id);
}

TEST_F(ClientTest, AnEndedIdMayBeUsedAgainAsThePolicySays) {
  ASSERT_TRUE(Start(StartOptions("a", "q")).ok());
  ASSERT_TRUE(client.Terminate("a", "test").ok());
  EXPECT_EQ(Start(StartOptions("a", "q").WithReuse(IdReusePolicy::kRejectDuplicate)).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Start(StartOptions("a", "q").WithReuse(IdReusePolicy::kAllowDuplicateFailedOnly)).ok());
}

TEST_F(ClientTest, WhatIsMissingIsSaid) {
  EXPECT_EQ(Start(StartOptions("", "q")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Start(StartOptions("a", "")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(client.Signal("nobody", kNudge, std::string("x")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client.Describe("nobody").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client.Cancel("nobody").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client.GetResult(kFlow, "nobody", 1s).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ClientTest, SignalWithStartStartsOnce) {
  const StartOptions options("a", "q");
  EXPECT_TRUE(client.SignalWithStart(kFlow, std::string("in"), kNudge, std::string("1"), options)->started);
  EXPECT_FALSE(client.SignalWithStart(kFlow, std::string("in"), kNudge, std::string("2"), options)->started);
  int signals = 0;
  const auto history = client.History("a");
  for (const auto& event : history->events()) {
    signals += event.has_workflow_execution_signaled_event_attributes();
  }
  EXPECT_EQ(signals, 2);
}

TEST_F(ClientTest, ASignalWithTheSameRequestIdCountsOnce) {
  ASSERT_TRUE(Start(StartOptions("a", "q")).ok());
  ASSERT_TRUE(client.Signal("a", kNudge, std::string("1"), "id-1").ok());
  ASSERT_TRUE(client.Signal("a", kNudge, std::string("1"), "id-1").ok());
  EXPECT_EQ(client.Describe("a")->summary.history_length, 3);  // started, task scheduled, one signal
}

TEST_F(ClientTest, MemoComesBackAndHistoriesArePaged) {
  testing::FakeServiceOptions options;
  options.page_size = 2;
  Client paged(std::make_shared<testing::FakeService>(options));
  auto start = StartOptions("a", "q").WithMemo("order", *ToPayload(std::string("o-1")));
  ASSERT_TRUE(paged.Start(kFlow, std::string("in"), start).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(paged.Signal("a", kNudge, std::string("x")).ok());
  const auto history = paged.History("a");
  ASSERT_EQ(history->events_size(), 7);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(history->events(i).event_id(), i + 1);
  const auto described = paged.Describe("a");
  EXPECT_EQ(*FromPayload<std::string>(described->summary.memo.at("order")), "o-1");
  EXPECT_EQ(described->summary.type, "Flow");
  EXPECT_EQ(described->summary.task_queue, "q");
}

TEST_F(ClientTest, ResultsOfTheEndsThatAreNotResults) {
  ASSERT_TRUE(Start(StartOptions("a", "q")).ok());
  const auto running = client.GetResult(kFlow, "a", 50ms);
  EXPECT_EQ(running.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(CarriedFailure(running.status(), nullptr)) << "it is still running";
  ASSERT_TRUE(client.Terminate("a", "no longer wanted").ok());
  const auto terminated = client.GetResult(kFlow, "a", 1s);
  EXPECT_EQ(terminated.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(terminated.status().message(), "no longer wanted");

  StartOptions bounded("b", "q");
  bounded.run_timeout = 1min;
  ASSERT_TRUE(Start(bounded).ok());
  service->Advance(1min);
  const auto late = client.GetResult(kFlow, "b", 1s);
  EXPECT_EQ(late.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(CarriedFailure(late.status(), nullptr)) << "it has ended";
}

TEST_F(ClientTest, WaitingForAResultCanBeStopped) {
  ASSERT_TRUE(Start(StartOptions("a", "q")).ok());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(client.GetResult(kFlow, "a", 10s, stop.get_token()).status().code(), absl::StatusCode::kCancelled);
}

TEST(Connect, RefusesWhatWouldLeakAKey) {
  ConnectOptions options("127.0.0.1:1");
  options.api_key = "k";
  EXPECT_EQ(Connect(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.api_key.clear();
  options.tls.emplace().client_key_pem = "key without certificate";
  EXPECT_EQ(Connect(options).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Connect(ConnectOptions("")).status().code(), absl::StatusCode::kInvalidArgument);
}

// Fails as it is told, then succeeds.
class Flaky : public Transport {
 public:
  explicit Flaky(std::vector<absl::Status> failures) : failures_(std::move(failures)) {}
  absl::Status Call(std::string_view, const google::protobuf::Message&, google::protobuf::Message&,
                    const CallOptions&) override {
    return calls < static_cast<int>(failures_.size()) ? failures_[static_cast<size_t>(calls++)]
                                                      : (++calls, absl::OkStatus());
  }
  int calls = 0;

 private:
  const std::vector<absl::Status> failures_;
};

class RetryTest : public ::testing::Test {
 protected:
  absl::Status Call(std::vector<absl::Status> failures, Duration retry_for = 1h) {
    flaky = std::make_shared<Flaky>(std::move(failures));
    RetryingTransport transport(flaky, [this](Duration pause, const std::stop_token&) {
      pauses.push_back(pause);
      return !stopped;
    });
    CallOptions options;
    options.retry_for = retry_for;
    options.long_poll = long_poll;
    api::workflowservice::v1::GetSystemInfoRequest request;
    api::workflowservice::v1::GetSystemInfoResponse response;
    return transport.Call("GetSystemInfo", request, response, options);
  }
  std::shared_ptr<Flaky> flaky;
  std::vector<Duration> pauses;
  bool stopped = false;
  bool long_poll = false;
};

TEST_F(RetryTest, TransientFailuresAreRepeatedWithGrowingPauses) {
  const absl::Status down = absl::UnavailableError("down");
  EXPECT_TRUE(Call({down, down, down}).ok());
  EXPECT_EQ(flaky->calls, 4);
  ASSERT_EQ(pauses.size(), 3u);
  EXPECT_LT(pauses[0], pauses[2]);
}

TEST_F(RetryTest, AnOverloadedServerGetsMoreTime) {
  EXPECT_TRUE(Call({absl::ResourceExhaustedError("slow down")}).ok());
  EXPECT_GE(pauses[0], 800ms);
}

TEST_F(RetryTest, ASlowTryIsFollowedByAnotherButNotAnEmptyPoll) {
  EXPECT_TRUE(Call({absl::DeadlineExceededError("slow")}).ok());
  long_poll = true;
  EXPECT_EQ(Call({absl::DeadlineExceededError("empty")}).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(RetryTest, OtherFailuresAreFinal) {
  EXPECT_EQ(Call({absl::NotFoundError("x")}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(flaky->calls, 1);
}

TEST_F(RetryTest, TheTimeForRetriesIsBounded) {
  EXPECT_EQ(Call({absl::UnavailableError("down")}, 0s).code(), absl::StatusCode::kUnavailable);
  stopped = true;
  EXPECT_EQ(Call({absl::UnavailableError("down"), absl::UnavailableError("down")}).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(flaky->calls, 1) << "a stopped caller does not try again";
}

}  // namespace
}  // namespace temporal
