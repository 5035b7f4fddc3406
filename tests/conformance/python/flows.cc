#include "tests/conformance/python/flows.h"

#include <utility>

#include "temporal/api/failure/v1/message.pb.h"

namespace temporal::interop {

using namespace std::chrono_literals;

namespace {

// The text under that name, or empty.
std::string TextOf(const PayloadMap& values, std::string_view name) {
  const auto found = values.find(std::string(name));
  return found == values.end() ? "" : FromPayload<std::string>(found->second).value_or("unreadable");
}

Failure MakeFailure(const std::string& message, const std::string& type, const Json& details) {
  Failure failure;
  failure.set_message(message);
  auto& info = *failure.mutable_application_failure_info();
  info.set_type(type);
  for (const Json& each : details) *info.mutable_details()->add_payloads() = *ToPayload(each);
  return failure;
}

Json DetailsOf(const Payloads& payloads) {
  Json details = Json::array();
  for (const Payload& each : payloads.payloads()) details.push_back(FromPayload<Json>(each).value_or("unreadable"));
  return details;
}

class Story {
 public:
  explicit Story(Context context) : ctx_(std::move(context)), end_(ctx_, kEnd) {}

  Task<Json> Run(Json request) {
    if (ctx_.Patched("second-edition")) told_.push_back("patched");
    ActivityOptions options(30s);
    options.task_queue = request.at("activities");
    told_.push_back(co_await ctx_.Execute(kGreet, request.at("name"), options));
    const LocalActivityOptions local(30s);
    told_.push_back(co_await ctx_.ExecuteLocal(kGreet, "myself", local));
    co_await ctx_.Sleep(10ms);
    ctx_.UpsertMemo("chapter", 2);
    ctx_.UpsertSearchAttribute(kKeyword, std::string("told"));
    const ChildOptions child(ctx_.info().workflow_id + "/child");
    told_.push_back(co_await ctx_.ExecuteChild(kEcho, "child", child));
    const CancellationScope scope = ctx_.NewScope();
    const Future<Nothing> first = scope.context().Sleep(60s);
    co_await ctx_.Sleep(10ms);
    scope.Cancel();
    told_.push_back("waited");
    const std::string end = co_await end_.Received();
    Json result = {{"told", told_}, {"total", total_}, {"end", end}};
    co_return result;
  }

  int Told() const { return static_cast<int>(told_.size()); }
  std::string Angry(std::string word) const { throw ApplicationFailure("no " + word, "Angry"); }

  Task<int> Add(int amount) {
    if (amount > 100) throw ApplicationFailure(NestedFailure());
    co_await ctx_.Sleep(10ms);
    total_ += amount;
    co_return total_;
  }
  void CheckAdd(int amount) const {
    if (amount < 0) throw ApplicationFailure(MakeFailure("only upwards", "Negative", Json::array({amount})));
  }

 private:
  Context ctx_;
  SignalChannel<std::string> end_;
  Json told_ = Json::array();
  int total_ = 0;
};

Task<Json> Echo(Context ctx, std::string word) {
  const WorkflowInfo& info = ctx.info();
  Json seen = {{"word", word},
               {"memo", TextOf(info.memo, "note")},
               {"keyword", TextOf(info.search_attributes, kKeyword)},
               {"trace", TextOf(info.headers, "trace")}};
  co_return seen;
}

Task<std::string> Fail(Context, std::string) {
  throw ApplicationFailure(NestedFailure());
  co_return "";
}

Task<std::string> Wait(Context ctx, std::string) {
  co_await ctx.Cancelled();
  co_await ctx.Shielded().Sleep(10ms);
  throw CancelledError();
}

Task<Json> CallActivity(Context ctx, Json request) {
  ActivityOptions options{std::chrono::seconds(request.value("seconds", 30))};
  options.task_queue = request.at("queue");
  options.cancellation = ActivityCancellation::kWaitCompleted;
  options.retry_policy = RetryPolicy().WithInitialInterval(10ms).WithMaximumAttempts(request.value("attempts", 5));
  options.headers = ctx.info().headers;
  const ActivityRef<std::string, Json> activity(request.at("type").get_ref<const std::string&>());
  const CancellationScope scope = ctx.NewScope();
  if (request.at("kind") == "cancelled") options.heartbeat = 2s;
  const Future<Json> result = scope.context().Execute(activity, request.at("argument"), options);
  if (request.at("kind") == "cancelled") {
    co_await ctx.Sleep(1s);
    scope.Cancel();
  }
  co_return co_await result;
}

Task<Json> CallOther(Context ctx, Json request) {
  const std::string kind = request.at("kind");
  const std::string argument = request.at("argument");
  if (kind == "signal") {
    co_await ctx.External(argument).Signal(kEnd, "from afar");
    co_return Json("sent");
  }
  if (kind == "cancel") {
    co_await ctx.External(argument).Cancel();
    co_return Json("sent");
  }
  if (kind != "child") co_return co_await CallActivity(ctx, request);
  ChildOptions options(ctx.info().workflow_id + "/child");
  options.task_queue = request.at("queue");
  const WorkflowRef<std::string, Json> child(request.at("type").get_ref<const std::string&>());
  co_return co_await ctx.ExecuteChild(child, argument, options);
}

Task<Json> Call(Context ctx, Json request) {
  try {
    co_return co_await CallOther(ctx, request);
  } catch (const WorkflowFailure& failure) {
    co_return DescribeFailure(failure.failure());
  }
}

}  // namespace

void AddFlows(WorkflowRegistry& registry) {
  registry.Add<Story>(kStory)
      .Update(kAdd, &Story::Add, &Story::CheckAdd)
      .Query(kTold, &Story::Told)
      .Query(kAngry, &Story::Angry);
  registry.AddFunction(kEcho, Echo);
  registry.AddFunction(kFail, Fail);
  registry.AddFunction(kWait, Wait);
  registry.AddFunction(kCall, Call);
}

void AddActivities(ActivityRegistry& registry) {
  registry.Add(kGreet,
               [](ActivityContext&, std::string name) -> absl::StatusOr<std::string> { return "hello " + name; });
  registry.Add(kFailActivity, [](ActivityContext&, std::string) -> absl::StatusOr<std::string> {
    return FromFailure(NestedFailure());
  });
  registry.Add(kThird, [](ActivityContext& context, std::string) -> absl::StatusOr<int> {
    if (context.info().attempt < 3) return FromFailure(MakeFailure("not yet", "NotYet", Json::array()));
    return context.info().attempt;
  });
  registry.Add(kHeader, [](ActivityContext& context, std::string) -> absl::StatusOr<std::string> {
    return TextOf(context.info().headers, "trace");
  });
  registry.Add(kBeat, [](ActivityContext& context, std::string details) -> absl::StatusOr<std::string> {
    for (int i = 0; i < 300 && !context.cancelled(); ++i) {
      if (const auto status = context.Heartbeat(details); !status.ok()) return status;
      context.Sleep(100ms);
    }
    if (!context.cancelled()) return "never cancelled";
    Failure stopped;
    stopped.set_message("stopped");
    *stopped.mutable_canceled_failure_info()->mutable_details()->add_payloads() =
        *ToPayload(std::string("while beating"));
    return FromFailure(stopped);
  });
}

Failure NestedFailure() {
  Failure failure = MakeFailure("outer", "Outer", Json::array({"first", {{"second", {1, 2}}}}));
  failure.mutable_application_failure_info()->set_non_retryable(true);
  *failure.mutable_cause() = MakeFailure("inner", "Inner", Json::array({{{"depth", 2}}}));
  return failure;
}

Json DescribeFailure(const Failure& failure) {
  Json told = {{"kind", "unknown"}};
  if (failure.has_application_failure_info()) {
    const auto& info = failure.application_failure_info();
    told = {{"kind", "application"},
            {"message", failure.message()},
            {"type", info.type()},
            {"non_retryable", info.non_retryable()},
            {"details", DetailsOf(info.details())}};
  } else if (failure.has_canceled_failure_info()) {
    told = {{"kind", "cancelled"}, {"details", DetailsOf(failure.canceled_failure_info().details())}};
  } else if (failure.has_timeout_failure_info()) {
    const auto type = failure.timeout_failure_info().timeout_type();
    // TIMEOUT_TYPE_HEARTBEAT, as Python's enum has it.
    told = {{"kind", "timeout"}, {"timeout", api::enums::v1::TimeoutType_Name(type).substr(sizeof("TIMEOUT_TYPE"))}};
  } else if (failure.has_terminated_failure_info()) {
    told = {{"kind", "terminated"}};
  } else if (failure.has_activity_failure_info()) {
    told = {{"kind", "activity"}};
  } else if (failure.has_child_workflow_execution_failure_info()) {
    told = {{"kind", "child"}};
  }
  if (failure.has_cause()) told["cause"] = DescribeFailure(failure.cause());
  return told;
}

}  // namespace temporal::interop
