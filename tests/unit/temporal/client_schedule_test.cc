#include <gtest/gtest.h>

#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/client/schedules.h"

// Reading a schedule, changing it and writing it back, against a server that says what the test wants.
namespace temporal {
namespace {

namespace service = api::workflowservice::v1;

constexpr WorkflowRef<std::string, std::string> kReport{"Report"};

class ScheduleServer : public Transport {
 public:
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions&) override {
    if (method == "DescribeSchedule") {
      auto& described = dynamic_cast<service::DescribeScheduleResponse&>(response);
      *described.mutable_schedule() = schedule;
      described.set_conflict_token(std::to_string(++reads));
      return absl::OkStatus();
    }
    written = dynamic_cast<const service::UpdateScheduleRequest&>(request);
    if (conflicts-- > 0) return absl::FailedPreconditionError("mismatched conflict token");
    return absl::OkStatus();
  }

  api::schedule::v1::Schedule schedule;
  service::UpdateScheduleRequest written;
  int reads = 0;
  int conflicts = 0;
};

class ScheduleUpdateTest : public ::testing::Test {
 protected:
  ScheduleUpdateTest() {
    auto& action = *server->schedule.mutable_action()->mutable_start_workflow();
    action.set_workflow_id("report");
    action.mutable_workflow_type()->set_name("Report");
    action.mutable_task_queue()->set_name("reports");
    action.mutable_priority()->set_priority_key(3);
    auto& range = *server->schedule.mutable_spec()->add_structured_calendar()->add_hour();
    range.set_start(7);  // end and step are left out: 7 only
    server->schedule.mutable_policies()->set_keep_original_workflow_id(true);
  }
  absl::Status SetNote(const std::string& note) {
    return handle.Update([&](ScheduleDescription& description) {
      description.schedule.note = note;
      return true;
    });
  }

  std::shared_ptr<ScheduleServer> server = std::make_shared<ScheduleServer>();
  ScheduleHandle handle = ScheduleClient(Client(server)).GetHandle("nightly");
};

TEST_F(ScheduleUpdateTest, WhatTheSdkDoesNotKnowIsKept) {
  ASSERT_TRUE(SetNote("new").ok());
  const auto& written = server->written.schedule();
  EXPECT_EQ(written.state().notes(), "new");
  EXPECT_EQ(written.action().start_workflow().priority().priority_key(), 3);
  EXPECT_TRUE(written.policies().keep_original_workflow_id());
  EXPECT_EQ(written.spec().structured_calendar(0).hour(0).start(), 7);
  EXPECT_EQ(written.spec().structured_calendar(0).hour(0).end(), 7);
  EXPECT_EQ(server->written.conflict_token(), "1");
}

TEST_F(ScheduleUpdateTest, AConflictIsReadAgain) {
  server->conflicts = 2;
  ASSERT_TRUE(SetNote("new").ok());
  EXPECT_EQ(server->written.conflict_token(), "3");
  server->conflicts = 100;
  EXPECT_EQ(SetNote("newer").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(server->reads, 8);
}

TEST_F(ScheduleUpdateTest, OptionsThatASchedulesWorkflowCannotHaveAreRefused) {
  const auto code = [](const StartOptions& options) {
    return StartWorkflowAction(kReport, "all", options).status().code();
  };
  EXPECT_EQ(code(StartOptions("report", "reports")), absl::StatusCode::kOk);
  EXPECT_EQ(code(StartOptions("report", "")), absl::StatusCode::kInvalidArgument);
  StartOptions cron("report", "reports");
  cron.cron_schedule = "@daily";
  EXPECT_EQ(code(cron), absl::StatusCode::kInvalidArgument);
  StartOptions delayed("report", "reports");
  delayed.start_delay = std::chrono::seconds(1);
  EXPECT_EQ(code(delayed), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(StartOptions("report", "reports").WithRequestId("r")), absl::StatusCode::kInvalidArgument);
}

TEST_F(ScheduleUpdateTest, AnOverrideComesBackAndOneThatIsNotKnownIsKept) {
  auto& action = *server->schedule.mutable_action()->mutable_start_workflow();
  const VersioningOverride pinned = PinnedVersioningOverride(WorkerDeploymentVersion("reports", "7"));
  auto& proto = *action.mutable_versioning_override();
  proto.mutable_pinned()->mutable_version()->set_deployment_name("reports");
  proto.mutable_pinned()->mutable_version()->set_build_id("7");
  EXPECT_EQ(handle.Describe()->schedule.action.options.versioning_override, pinned);
  ASSERT_TRUE(SetNote("new").ok());
  const auto written = [&] { return server->written.schedule().action().start_workflow().versioning_override(); };
  EXPECT_EQ(written().pinned().version().build_id(), "7");

  proto.Clear();
  proto.GetReflection()->MutableUnknownFields(&proto)->AddVarint(4711, 1);
  EXPECT_FALSE(handle.Describe()->schedule.action.options.versioning_override);
  ASSERT_TRUE(SetNote("newer").ok());
  EXPECT_GT(written().ByteSizeLong(), 0U);
}

}  // namespace
}  // namespace temporal
