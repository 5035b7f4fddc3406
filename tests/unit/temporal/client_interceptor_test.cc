#include <gtest/gtest.h>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/client/client.h"
#include "temporal/client/interceptor.h"
#include "temporal/testing/fake/fake_service.h"

// How a product adds to the calls of its clients.
namespace temporal {
namespace {

namespace service = api::workflowservice::v1;
using namespace std::chrono_literals;

constexpr WorkflowRef<std::string, std::string> kFlow{"Flow"};
constexpr SignalRef<std::string> kNudge{"nudge"};
constexpr QueryRef<Nothing, std::string> kStage{"stage"};
constexpr UpdateRef<std::string, std::string> kMove{"move"};

// Sends a correlation id as a header of whatever is asked of a workflow.
class Correlation : public ClientInterceptor {
 public:
  StartResult Start(StartWorkflowInput input, Next<StartResult, StartWorkflowInput> next) override {
    Add(input.options.headers);
    return next(std::move(input));
  }
  absl::Status Signal(SignalWorkflowInput input, Next<absl::Status, SignalWorkflowInput> next) override {
    Add(input.headers);
    return next(std::move(input));
  }
  StartResult SignalWithStart(SignalWithStartInput input, Next<StartResult, SignalWithStartInput> next) override {
    Add(input.start.options.headers);
    return next(std::move(input));
  }
  UpdateResult Update(UpdateWorkflowInput input, Next<UpdateResult, UpdateWorkflowInput> next) override {
    Add(input.headers);
    return next(std::move(input));
  }
  UpdateWithStartResult UpdateWithStart(UpdateWithStartInput input,
                                        Next<UpdateWithStartResult, UpdateWithStartInput> next) override {
    Add(input.start.options.headers);
    Add(input.update.headers);
    return next(std::move(input));
  }
  QueryResult Query(QueryWorkflowInput input, Next<QueryResult, QueryWorkflowInput> next) override {
    Add(input.headers);
    return next(std::move(input));
  }

 private:
  static void Add(Headers& headers) { headers["correlation"] = *ToPayload(std::string("corr-7")); }
};

// Writes down the order in which interceptors are called, and refuses a call.
class Witness : public ClientInterceptor {
 public:
  Witness(std::string name, std::vector<std::string>& log) : name_(std::move(name)), log_(log) {}

  StartResult Start(StartWorkflowInput input, Next<StartResult, StartWorkflowInput> next) override {
    log_.push_back(name_ + " before");
    input.options.id += "/" + name_;
    auto started = next(std::move(input));
    log_.push_back(name_ + " after");
    return started;
  }
  absl::Status Cancel(CancelWorkflowInput input, Next<absl::Status, CancelWorkflowInput> next) override {
    if (input.reason.empty()) return absl::InvalidArgumentError("say why");
    return next(std::move(input));
  }
  absl::Status Terminate(TerminateWorkflowInput input, Next<absl::Status, TerminateWorkflowInput> next) override {
    input.reason += " (" + name_ + ")";
    return next(std::move(input));
  }
  DescribeResult Describe(DescribeWorkflowInput input, Next<DescribeResult, DescribeWorkflowInput> next) override {
    auto description = next(std::move(input));
    if (description.ok()) description->static_summary = name_;
    return description;
  }

 private:
  const std::string name_;
  std::vector<std::string>& log_;
};

// Keeps the last request of each kind, and answers nothing.
class Recorder : public Transport {
 public:
  absl::Status Call(std::string_view, const google::protobuf::Message& request, google::protobuf::Message&,
                    const CallOptions&) override {
    if (const auto* query = dynamic_cast<const service::QueryWorkflowRequest*>(&request)) {
      headers = query->query().header();
    } else if (const auto* update = dynamic_cast<const service::UpdateWorkflowExecutionRequest*>(&request)) {
      headers = update->request().input().header();
    } else if (const auto* both = dynamic_cast<const service::ExecuteMultiOperationRequest*>(&request)) {
      headers = both->operations(0).start_workflow().header();
      update_headers = both->operations(1).update_workflow().request().input().header();
    }
    return absl::InvalidArgumentError("enough");
  }
  api::common::v1::Header headers;
  api::common::v1::Header update_headers;
};

std::string CorrelationIn(const api::common::v1::Header& header) {
  const auto found = header.fields().find("correlation");
  return found == header.fields().end() ? "" : FromPayload<std::string>(found->second).value_or("?");
}

Client With(std::shared_ptr<Transport> transport, std::vector<std::shared_ptr<ClientInterceptor>> interceptors) {
  ClientOptions options;
  options.interceptors = std::move(interceptors);
  return Client(std::move(transport), options);
}

TEST(ClientInterceptor, ACorrelationIdTravelsWithStartsAndSignals) {
  const auto server = std::make_shared<testing::FakeService>();
  Client client = With(server, {std::make_shared<Correlation>()});
  ASSERT_TRUE(client.Start(kFlow, std::string("in"), StartOptions("a", "q")).ok());
  ASSERT_TRUE(client.Signal("a", kNudge, std::string("x")).ok());
  ASSERT_TRUE(client.SignalWithStart(kFlow, std::string("in"), kNudge, std::string("x"), StartOptions("b", "q")).ok());
  const auto one = server->History("a");
  EXPECT_EQ(CorrelationIn(one.events(0).workflow_execution_started_event_attributes().header()), "corr-7");
  EXPECT_EQ(CorrelationIn(one.events(2).workflow_execution_signaled_event_attributes().header()), "corr-7");
  const auto two = server->History("b");
  EXPECT_EQ(CorrelationIn(two.events(0).workflow_execution_started_event_attributes().header()), "corr-7");
  EXPECT_EQ(CorrelationIn(two.events(2).workflow_execution_signaled_event_attributes().header()), "corr-7");
}

TEST(ClientInterceptor, ACorrelationIdTravelsWithQueriesAndUpdates) {
  const auto recorder = std::make_shared<Recorder>();
  Client client = With(recorder, {std::make_shared<Correlation>()});
  EXPECT_FALSE(client.Query("a", kStage, Nothing()).ok());
  EXPECT_EQ(CorrelationIn(recorder->headers), "corr-7");
  recorder->headers.Clear();
  EXPECT_FALSE(client.Update("a", kMove, "there").ok());
  EXPECT_EQ(CorrelationIn(recorder->headers), "corr-7");
  recorder->headers.Clear();
  EXPECT_FALSE(client.UpdateWithStart(kFlow, "in", kMove, "there", StartOptions("a", "q")).ok());
  EXPECT_EQ(CorrelationIn(recorder->headers), "corr-7");
  EXPECT_EQ(CorrelationIn(recorder->update_headers), "corr-7");
}

TEST(ClientInterceptor, TheFirstIsTheOutermostAndMayChangeTheCall) {
  std::vector<std::string> log;
  Client client = With(std::make_shared<testing::FakeService>(),
                       {std::make_shared<Witness>("outer", log), std::make_shared<Witness>("inner", log)});
  const auto started = client.Start(kFlow, std::string("in"), StartOptions("a", "q"));
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->workflow_id, "a/outer/inner");
  EXPECT_EQ(log, (std::vector<std::string>{"outer before", "inner before", "inner after", "outer after"}));
}

TEST(ClientInterceptor, RefusesACallAndChangesItsAnswer) {
  std::vector<std::string> log;
  const auto server = std::make_shared<testing::FakeService>();
  Client client = With(server, {std::make_shared<Witness>("w", log)});
  const std::string id = client.Start(kFlow, std::string("in"), StartOptions("a", "q"))->workflow_id;
  EXPECT_EQ(client.Describe(id)->static_summary, "w");
  EXPECT_EQ(client.Cancel(id).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server->Calls("RequestCancelWorkflowExecution"), 0);
  EXPECT_TRUE(client.Cancel(id, "enough").ok());
  ASSERT_TRUE(client.Terminate(id, "over").ok());
  EXPECT_EQ(client.GetResult(kFlow, id, 1s).status().message(), "over (w)");
}

}  // namespace
}  // namespace temporal
