#include <gmock/gmock.h>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/transport/transport.h"
#include "tests/integration/temporal_server.h"

// More than a real Temporal server takes, from each place where it can come: a typed error, and the worker goes on.
namespace temporal {
namespace {

namespace enums = api::enums::v1;
using ::testing::HasSubstr;

constexpr WorkflowRef<int, std::string> kFlow{"Sized"};
constexpr ActivityRef<std::string, int> kCount{"Count"};
constexpr ActivityRef<int, int> kBeat{"Beat"};
constexpr QueryRef<int, std::string> kText{"text"};
constexpr UpdateRef<int, std::string> kMake{"make"};
constexpr SignalRef<std::string> kWord{"word"};
constexpr WorkflowRef<std::string, Nothing> kWait{"Wait"};

constexpr int kAboveTheServersLimit = 3'000'000;  // 2 MB for one payload
constexpr int kAboveOneMessage = 10'000'000;      // 4 MB

std::string Text(int bytes) { return std::string(static_cast<size_t>(bytes), 'x'); }

// As large as its argument says is what it hands to an activity.
struct Sized {
  explicit Sized(Context c) : context(c) {}
  Task<std::string> Run(int bytes) {
    const std::string text = Text(bytes);
    co_await context.Execute(kCount, text, ActivityOptions(20s));
    co_return "counted";
  }
  Context context;
};

struct Waiting {
  explicit Waiting(Context c) : context(c), words(c, kWord) {}
  Task<Nothing> Run(std::string) {
    co_await words.Received();
    co_return Nothing{};
  }
  std::string Make(int bytes) const { return Text(bytes); }
  Context context;
  SignalChannel<std::string> words;
};

class LimitsOnServer : public ServerTest {
 protected:
  LimitsOnServer() {
    workflows.Add<Sized>(kFlow);
    workflows.Add<Waiting>(kWait).Query(kText, &Waiting::Make).Update(kMake, &Waiting::Make);
    activities.Add(kCount, [](ActivityContext&, std::string text) -> absl::StatusOr<int> { return text.size(); });
  }
  // How the newest task that failed says it failed.
  std::string WhyTaskFailed(const std::string& id) {
    std::string why;
    const auto history = client->History(id);
    if (!history.ok()) return why;
    for (const auto& event : history->events()) {
      if (!event.has_workflow_task_failed_event_attributes()) continue;
      const auto& failed = event.workflow_task_failed_event_attributes();
      why = enums::WorkflowTaskFailedCause_Name(failed.cause()) + ": " + failed.failure().message();
    }
    return why;
  }
  void ExpectGoesOn() { EXPECT_EQ(Run(kFlow, 10).value_or(""), "counted"); }
};

TEST_F(LimitsOnServer, OfAClientsRequests) {
  EXPECT_EQ(client->Start(kWait, Text(kAboveTheServersLimit), StartOptions("test/large", queue)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(IsTooLarge(client->Start(kWait, Text(kAboveOneMessage), StartOptions("test/large", queue)).status()));
  const auto worker = StartWorker();
  const std::string id = Start(kWait, std::string());
  EXPECT_EQ(client->Signal(id, kWord, Text(kAboveTheServersLimit)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(IsTooLarge(client->Signal(id, kWord, Text(kAboveOneMessage))));
  EXPECT_TRUE(client->Signal(id, kWord, std::string("small")).ok());
  EXPECT_TRUE(client->GetResult(kWait, id, 20s).ok());
}

TEST_F(LimitsOnServer, OfAWorkflowsCommands) {
  const auto worker = StartWorker();
  for (const auto& [bytes, why] : {std::pair(kAboveTheServersLimit, "BAD_SCHEDULE_ACTIVITY_ATTRIBUTES"),
                                   std::pair(kAboveOneMessage, "GRPC_MESSAGE_TOO_LARGE")}) {
    const std::string id = Start(kFlow, bytes);
    EXPECT_TRUE(Until(id, [&](const auto&) { return !WhyTaskFailed(id).empty(); })) << bytes;
    EXPECT_THAT(WhyTaskFailed(id), HasSubstr(why));
    client->Terminate(id, "seen").IgnoreError();  // the server may have done so
  }
  ExpectGoesOn();
}

TEST_F(LimitsOnServer, OfAnAnswerToAQuery) {
  const auto worker = StartWorker();
  const std::string id = Start(kWait, std::string());
  EXPECT_EQ(client->Query(id, kText, 10).value_or(""), Text(10));
  const absl::Status large = client->Query(id, kText, kAboveOneMessage).status();
  EXPECT_EQ(large.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(large.message()), HasSubstr("larger"));
  EXPECT_TRUE(client->Signal(id, kWord, std::string()).ok());
  EXPECT_TRUE(client->GetResult(kWait, id, 20s).ok());
}

TEST_F(LimitsOnServer, OfAHeartbeatsDetails) {
  constexpr WorkflowRef<int, int> kBeats{"Beats"};
  activities.Add(kBeat, [](ActivityContext& context, int bytes) -> absl::StatusOr<int> {
    const absl::Status beat = context.Heartbeat(Text(bytes));
    return beat.ok() ? absl::StatusOr<int>(context.info().attempt) : beat;
  });
  workflows.AddFunction(kBeats, [](Context context, int bytes) -> Task<int> {
    const ActivityOptions options(20s);
    co_return co_await context.Execute(kBeat, bytes, options);
  });
  const auto worker = StartWorker();
  EXPECT_EQ(Run(kBeats, kAboveOneMessage).value_or(0), 1) << "a heartbeat that is not sent fails nothing";
}

}  // namespace
}  // namespace temporal
