#include "temporal/testing/fake/fake_service.h"

#include <gtest/gtest.h>

#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/client/client.h"
#include "temporal/common/proto.h"

// The in-memory Temporal where it has to be as particular as the real one.
namespace temporal {
namespace {

namespace enums = api::enums::v1;
namespace service = api::workflowservice::v1;
using namespace std::chrono_literals;

constexpr WorkflowRef<Nothing, Nothing> kAny{"Any"};
constexpr SignalRef<Nothing> kWake{"wake"};

class FakeServiceTest : public ::testing::Test {
 protected:
  std::string Poll() {
    service::PollWorkflowTaskQueueRequest request;
    request.mutable_task_queue()->set_name("queue");
    return Invoke<service::PollWorkflowTaskQueueResponse>(*fake, "PollWorkflowTaskQueue", request)->task_token();
  }
  static service::RespondWorkflowTaskCompletedRequest AnswerTo(const std::string& token) {
    service::RespondWorkflowTaskCompletedRequest request;
    request.set_task_token(token);
    return request;
  }
  absl::Status Send(const service::RespondWorkflowTaskCompletedRequest& request) {
    return Invoke<service::RespondWorkflowTaskCompletedResponse>(*fake, "RespondWorkflowTaskCompleted", request)
        .status();
  }
  // A workflow with a timer of one second, in a task that began before the timer fired.
  service::RespondWorkflowTaskCompletedRequest AnswerAfterTheTimer() {
    EXPECT_TRUE(client.Start(kAny, Nothing(), StartOptions("wf", "queue")).ok());
    auto first = AnswerTo(Poll());
    auto& timer = *first.add_commands()->mutable_start_timer_command_attributes();
    timer.set_timer_id("1");
    *timer.mutable_start_to_fire_timeout() = ToProto(Duration(1s));
    EXPECT_TRUE(Send(first).ok());
    EXPECT_TRUE(client.Signal("wf", kWake, Nothing()).ok());
    auto answer = AnswerTo(Poll());
    fake->Advance(2s);
    return answer;
  }
  int EventsOf(enums::EventType type) {
    int count = 0;
    const auto history = fake->History("wf");
    for (const auto& event : history.events()) count += event.event_type() == type;
    return count;
  }

  const std::shared_ptr<testing::FakeService> fake = std::make_shared<testing::FakeService>();
  Client client{fake};
};

TEST_F(FakeServiceTest, ARunDoesNotEndWhileATimerHasFiredUnheard) {
  auto answer = AnswerAfterTheTimer();
  answer.add_commands()->mutable_complete_workflow_execution_command_attributes();
  EXPECT_EQ(Send(answer).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EventsOf(enums::EVENT_TYPE_TIMER_FIRED), 1);
}

// As the server's mutable state has it: the firing is taken back.
TEST_F(FakeServiceTest, ATimerThatFiredWhileTheTaskRanCanBeCancelled) {
  auto answer = AnswerAfterTheTimer();
  answer.add_commands()->mutable_cancel_timer_command_attributes()->set_timer_id("1");
  answer.add_commands()->mutable_complete_workflow_execution_command_attributes();
  EXPECT_TRUE(Send(answer).ok());
  EXPECT_EQ(EventsOf(enums::EVENT_TYPE_TIMER_FIRED), 0);
  EXPECT_EQ(EventsOf(enums::EVENT_TYPE_TIMER_CANCELED), 1);
}

}  // namespace
}  // namespace temporal
