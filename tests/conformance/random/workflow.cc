#include "tests/conformance/random/workflow.h"

#include <chrono>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace temporal::random {

using namespace std::chrono_literals;

namespace {

ActivityOptions OptionsOf(const Node& node) {
  ActivityOptions options(10min);
  options.heartbeat = 2min;
  options.cancellation = static_cast<ActivityCancellation>(node.cancellation % 3);
  return options;
}

LocalActivityOptions LocalOptionsOf(const Node& node) {
  LocalActivityOptions options(1h);
  options.cancellation = static_cast<ActivityCancellation>(node.cancellation % 3);
  // Half of the back-offs become timers of the workflow.
  if (node.value % 2 == 0) options.local_retry_threshold = 1ms;
  return options;
}

int64_t WorkOf(int64_t value, Manner manner) { return value * 4 + static_cast<int64_t>(manner); }

}  // namespace

Traces& Traces::Instance() {
  static Traces& traces = *new Traces;
  return traces;
}

void Traces::Put(const Context& context, const std::string& trace) {
  std::lock_guard lock(mutex_);
  if (context.replaying() == replays_) traces_[context.info().run_id].insert(trace);
}

void Traces::RecordReplays(bool record) {
  std::lock_guard lock(mutex_);
  replays_ = record;
}

std::map<std::string, std::set<std::string>> Traces::Take() {
  std::lock_guard lock(mutex_);
  return std::exchange(traces_, {});
}

std::string Position::Text() const {
  return absl::StrCat(recipe.Text(), "|", block, "|", sum, "|", signals, "|", tokens);
}

Position Position::Parse(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '|');
  Position position;
  position.recipe = Recipe::Parse(parts.at(0));
  position.block = std::strtoull(parts.at(1).c_str(), nullptr, 10);
  position.sum = std::atoll(parts.at(2).c_str());
  position.signals = std::atoll(parts.at(3).c_str());
  position.tokens = std::atoll(parts.at(4).c_str());
  return position;
}

void Program::Note(int id, std::string_view what, int64_t value) {
  absl::StrAppend(&trace_, id, " ", std::string(what), " ", value, " @",
                  std::chrono::duration_cast<std::chrono::milliseconds>(context_.Now().time_since_epoch()).count(),
                  " #", context_.history_length(), "\n");
}

Task<int64_t> Program::Run(std::string request) {
  Position start = Position::Parse(request);
  start.tokens += position_.tokens;  // of updates that came with the start
  position_ = std::move(start);
  root_ = Make(position_.recipe);
  std::exception_ptr end;
  try {
    (void)co_await Blocks();
  } catch (...) {
    end = std::current_exception();
  }
  Note(-1, end ? "ends early" : "ends", position_.sum);
  Traces::Instance().Put(context_, trace_);
  if (end) std::rethrow_exception(end);
  co_return position_.sum;
}

Task<int64_t> Program::Blocks() {
  for (size_t i = position_.block; i < root_->children.size(); ++i) {
    const Node* block = root_->children[i].get();
    if (block->kind == Kind::kContinueAsNew) {
      co_await context_.Until([this] { return context_.AllHandlersFinished(); });
      ContinueAsNew(i + 1);
    }
    position_.sum += co_await Execute(block, context_);
  }
  co_await context_.Until([this] { return context_.AllHandlersFinished(); });
  co_return position_.sum;
}

void Program::ContinueAsNew(size_t next_block) {
  position_.block = next_block;
  while (pokes_.TryReceive()) ++position_.signals;
  Note(-1, "goes on as new", static_cast<int64_t>(next_block));
  context_.ContinueAsNew(position_.Text());
}

Task<int64_t> Program::Execute(const Node* node, Context context) {
  int64_t result = 0;
  try {
    result = co_await Step(node, context);
  } catch (const WorkflowFailure& failure) {
    Note(node->id, IsCancellation(failure) ? "cancelled" : "failed", 0);
    throw;
  }
  Note(node->id, "done", result);
  co_return result;
}

Task<int64_t> Program::Step(const Node* node, Context context) {
  const Duration time = std::chrono::milliseconds(node->milliseconds);
  switch (node->kind) {
    case Kind::kSleep:
      co_await context.Sleep(time);
      co_return node->value;
    case Kind::kActivity:
    case Kind::kLocalActivity:
      co_return co_await Activity(node, context);
    case Kind::kReceive:
      co_return co_await Receive(node, context);
    case Kind::kTakeToken:
      co_return co_await TakeToken(node, context);
    case Kind::kChild:
      co_return co_await Child(node, context);
    case Kind::kSignalSelf:
      co_await context.External(context.info().workflow_id).Signal(kPoke, node->value);
      co_return node->value;
    case Kind::kShielded:
      co_return node->value + co_await Sequence(node, context.Shielded());
    case Kind::kPatch:
      co_return co_await Patch(node, context);
    case Kind::kSideReads:
      co_return co_await SideReads(node, context);
    case Kind::kMemo:
      context.UpsertMemo(absl::StrCat("block", node->id), node->value);
      co_return node->value;
    case Kind::kCancelSleep:
      co_return co_await CancelSleep(node, context);
    case Kind::kRace:
      co_return co_await Race(node, context);
    case Kind::kCancel:
      co_return co_await Cancel(node, context);
    case Kind::kUntilFor:
      Note(node->id, "until", co_await context.UntilFor([this] { return position_.tokens > 0; }, time));
      co_return node->value;
    case Kind::kParallel:
      co_return node->value + co_await Parallel(node, context);
    case Kind::kSequence:
    case Kind::kContinueAsNew:
      break;
  }
  co_return node->value + co_await Sequence(node, context);
}

Task<int64_t> Program::Sequence(const Node* node, Context context) {
  int64_t sum = 0;
  for (const auto& child : node->children) sum += co_await Execute(child.get(), context);
  co_return sum;
}

Task<int64_t> Program::Parallel(const Node* node, Context context) {
  std::vector<Future<int64_t>> branches;
  for (const auto& child : node->children) branches.push_back(context.Spawn(Execute(child.get(), context)));
  const std::vector<int64_t> results = co_await AllOf(branches);
  int64_t sum = 0;
  for (const int64_t result : results) sum += result;
  co_return sum;
}

Task<int64_t> Program::Activity(const Node* node, Context context) {
  const int64_t work = WorkOf(node->value, node->manner);
  try {
    if (node->kind == Kind::kActivity) {
      const ActivityOptions options = OptionsOf(*node);
      co_return co_await context.Execute(kWork, work, options);
    }
    const LocalActivityOptions options = LocalOptionsOf(*node);
    co_return co_await context.ExecuteLocal(kWork, work, options);
  } catch (const ActivityError& error) {
    if (IsCancellation(error)) throw;
    Note(node->id, error.type(), 0);
  }
  co_return -node->value;
}

Task<int64_t> Program::Receive(const Node* node, Context context) {
  for (int i = 0; i < 1 + node->value % 2; ++i) {
    if (position_.signals > 0) {
      --position_.signals;
    } else {
      Note(node->id, "received", co_await pokes_.Received(context));
    }
  }
  co_return node->value;
}

Task<int64_t> Program::TakeToken(const Node* node, Context context) {
  while (position_.tokens == 0) co_await context.Until([this] { return position_.tokens > 0; });
  --position_.tokens;
  co_return node->value;
}

Task<int64_t> Program::Child(const Node* node, Context context) {
  Position start;
  start.recipe = ChildRecipe(*node, position_.recipe.racy);
  const int signals = Signals(*Make(start.recipe));
  ChildOptions options;
  options.cancellation = static_cast<ChildCancellation>(node->cancellation);
  options.parent_close_policy = static_cast<ParentClosePolicy>(1 + node->value % 3);
  try {
    const auto child = co_await context.StartChild(kProgram, start.Text(), options);
    std::vector<Future<Nothing>> sent;
    for (int i = 0; i < signals; ++i) sent.push_back(child.Signal(kPoke, i));
    if (position_.recipe.racy && node->manner == Manner::kSlow) {
      sent.push_back(context.External(child.workflow_id()).Cancel("by its parent"));
    }
    for (const auto& each : sent) {
      try {
        co_await each;
      } catch (const ApplicationFailure& gone) {
        Note(node->id, gone.type(), 0);
      }
    }
    co_return co_await child.Result();
  } catch (const ChildWorkflowError& error) {
    if (context.cancelled()) throw;
    Note(node->id, "child ended badly", 0);
  }
  co_return -node->value;
}

Task<int64_t> Program::Patch(const Node* node, Context context) {
  // Long names: many of them are more than the search attribute can hold.
  const std::string id = absl::StrCat("patch-", node->id, std::string(static_cast<size_t>(node->value % 1000), 'x'));
  if (node->value % 5 == 0) {
    context.DeprecatePatch(id);
  } else if (context.Patched(id)) {
    co_await context.Sleep(std::chrono::milliseconds(node->milliseconds));
  }
  co_return node->value;
}

Task<int64_t> Program::SideReads(const Node* node, Context context) {
  const uint64_t random = context.Random();
  Note(node->id, context.Uuid(), static_cast<int64_t>(random));
  if (random % 3 == 0) co_await context.Sleep(std::chrono::milliseconds(context.RandomBetween(1, 50)));
  if (random % 3 == 1) {
    const ActivityOptions options = OptionsOf(*node);
    co_await context.Execute(kWork, WorkOf(node->value, Manner::kOk), options);
  }
  Note(node->id, "read", context.RandomBetween(0, 1000));
  co_return 0;
}

Task<int64_t> Program::CancelSleep(const Node* node, Context context) {
  const CancellationScope scope = context.NewScope();
  const Future<Nothing> sleep = scope.context().Sleep(24h * 365);
  if (node->value % 3 > 0) co_await context.Sleep(std::chrono::milliseconds(node->milliseconds));
  scope.Cancel("enough");
  bool cancelled = false;
  try {
    co_await sleep;
  } catch (const CancelledError&) {
    cancelled = true;
  }
  context.ThrowIfCancelled();
  co_return cancelled ? -node->value : node->value;
}

Task<int64_t> Program::Race(const Node* node, Context context) {
  std::vector<Future<int64_t>> runners;
  std::vector<CancellationScope> scopes;
  for (const auto& child : node->children) {
    scopes.push_back(context.NewScope());
    runners.push_back(context.Spawn(Execute(child.get(), scopes.back().context())));
  }
  if (runners.empty()) co_return node->value;
  const size_t first = co_await AnyOf(runners);
  Note(node->id, "first", static_cast<int64_t>(first));
  for (const CancellationScope& scope : scopes) scope.Cancel("lost the race");
  if (node->value % 2 == 0) co_return node->value;  // nobody waits for the losers
  for (const auto& runner : runners) {
    try {
      (void)co_await runner;
    } catch (const WorkflowFailure& failure) {
      if (!IsCancellation(failure)) throw;
    }
  }
  context.ThrowIfCancelled();
  co_return node->value;
}

Task<int64_t> Program::Cancel(const Node* node, Context context) {
  const CancellationScope scope = context.NewScope();
  const Future<int64_t> work = context.Spawn(Sequence(node, scope.context()));
  try {
    if (node->value % 4 > 0) {
      const Future<Nothing> time = context.Sleep(std::chrono::milliseconds(node->milliseconds));
      (void)co_await AnyOf(work, time);
    }
    scope.Cancel("time is up");
    Note(node->id, "time is up", 0);
    (void)co_await work;
  } catch (const WorkflowFailure& failure) {
    if (!IsCancellation(failure)) throw;
  }
  context.ThrowIfCancelled();
  co_return node->value;
}

void Program::CheckToken(int64_t n) const {
  if (n < 0) throw ApplicationFailure("no tokens below zero", "INVALID_ARGUMENT");
}

Task<int64_t> Program::AddToken(int64_t n) {
  Note(-2, "update", n);
  if (n % 4 == 1) {
    const ActivityOptions options(10min);
    co_await context_.Execute(kWork, WorkOf(n, Manner::kOk), options);
  } else if (n % 4 == 2) {
    const LocalActivityOptions options(1h);
    co_await context_.ExecuteLocal(kWork, WorkOf(n, Manner::kSlow), options);
  } else if (n % 4 == 3) {
    co_await context_.Sleep(std::chrono::milliseconds(n));
  }
  Note(-2, "updated", n);
  co_return ++position_.tokens;
}

WorkflowRegistry Workflows() {
  WorkflowRegistry workflows;
  workflows.Add<Program>(kProgram)
      .Update(kToken, &Program::AddToken, &Program::CheckToken)
      .Query(kTrace, &Program::Trace);
  return workflows;
}

ActivityRegistry Activities() {
  ActivityRegistry activities;
  activities.Add(kWork, [](ActivityContext& context, int64_t work) -> absl::StatusOr<int64_t> {
    const int64_t value = work / 4;
    switch (static_cast<Manner>(work % 4)) {
      case Manner::kOk:
        break;
      case Manner::kRetried:
        if (context.info().attempt <= 2) return absl::UnavailableError("not yet");
        break;
      case Manner::kFails:
        return absl::InvalidArgumentError("never");
      case Manner::kSlow:
        // Real time, of which the worker's clock makes more: heartbeats of the activity and of the workflow task.
        for (int64_t i = 0; i < value % 16; ++i) {
          context.Heartbeat();
          if (!context.Sleep(1ms)) return context.Cancelled();
        }
        break;
    }
    return 2 * value;
  });
  return activities;
}

}  // namespace temporal::random
