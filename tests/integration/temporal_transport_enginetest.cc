#include <future>
#include <thread>

#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "tests/integration/temporal_server.h"

// The gRPC adapter against a real Temporal server, and against none.
namespace temporal {
namespace {

namespace service = api::workflowservice::v1;

class TransportOnServer : public ServerTest {
 protected:
  absl::Status Poll(const CallOptions& options) {
    service::PollWorkflowTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name(queue);
    return Invoke<service::PollWorkflowTaskQueueResponse>(*client->transport(), "PollWorkflowTaskQueue", request,
                                                          options)
        .status();
  }
};

TEST_F(TransportOnServer, AnEmptyPollEndsBeforeItsDeadline) {
  CallOptions options(3s);
  options.retry_for = 0s;
  EXPECT_TRUE(Poll(options).ok());
}

TEST_F(TransportOnServer, AStoppedCallEndsAtOnce) {
  std::stop_source stop;
  CallOptions options(60s);
  options.stop = stop.get_token();
  auto polled = std::async(std::launch::async, [&] { return Poll(options); });
  stop.request_stop();
  EXPECT_EQ(polled.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(polled.get().code(), absl::StatusCode::kCancelled);
}

TEST_F(TransportOnServer, UnknownNamespacesAndMethods) {
  Client stray(client->transport(), ClientOptions("no-such-namespace"));
  EXPECT_EQ(stray.Describe("x").status().code(), absl::StatusCode::kNotFound);
  const absl::Status nowhere = stray.SignalUntyped("x", "s", Payloads());
  EXPECT_EQ(nowhere.code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(IsNoSuchExecution(nowhere)) << nowhere;
  const absl::Status nobody = client->SignalUntyped("no-such-workflow", "s", Payloads());
  EXPECT_TRUE(IsNoSuchExecution(nobody)) << nobody;
  const auto status =
      Invoke<service::GetSystemInfoResponse>(*client->transport(), "NoSuchMethod", service::GetSystemInfoRequest())
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

TEST_F(TransportOnServer, TlsToAPlainServerFails) {
  ConnectOptions options(std::getenv("GPUAAS_TEMPORAL_ADDRESS"));
  options.tls.emplace();
  Client wrong(*Connect(options));
  EXPECT_FALSE(wrong.Ping(2s).ok());
}

TEST(TransportWithoutServer, SaysUnavailableInTime) {
  Client nobody(*Connect(ConnectOptions("127.0.0.1:1")));
  EXPECT_EQ(nobody.Ping(2s).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(TransportOnServer, ALargeResultFailsTheActivityForGood) {
  constexpr ActivityRef<int, std::string> kLarge{"Large"};
  constexpr WorkflowRef<int, std::string> kFlow{"LargeFlow"};
  activities.Add(kLarge, [](ActivityContext&, int bytes) -> absl::StatusOr<std::string> {
    return std::string(static_cast<size_t>(bytes), 'x');
  });
  workflows.AddFunction(kFlow, [kLarge](Context context, int bytes) -> Task<std::string> {
    co_return co_await context.Execute(kLarge, bytes, ActivityOptions(30s));
  });
  const auto worker = StartWorker();
  const auto small = Run(kFlow, 1'000'000);
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_EQ(small->size(), 1'000'000u);
  EXPECT_EQ(FailureType(Run(kFlow, 10'000'000).status()), "ResultTooLarge");
}

}  // namespace
}  // namespace temporal
