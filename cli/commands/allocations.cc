#include "cli/commands/allocations.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands/allocation_watch.h"
#include "cli/commands/groups.h"
#include "cli/commands/support.h"
#include "cli/commands/workflow_history.h"
#include "cli/render/history.h"

namespace gpuaas::cli {
namespace {

struct WaitFlags {
  bool wait = false;
  std::string timeout = "10m";
};

void AddWaitFlags(CLI::App& command, WaitFlags& flags, const std::string& state) {
  command.add_flag("--wait,!--no-wait", flags.wait,
                   "Wait until it is " + state + "; the exit code tells the outcome (default: do not wait)");
  command.add_option("--timeout", flags.timeout, "Wait at most this long (0: no limit); then exit with 8")
      ->type_name("DURATION")
      ->capture_default_str();
}

// Shows how a wait ended: the allocation as data, and an error unless it ended as wanted.
ExitCode FinishWait(Invocation& run, const WatchResult& result, const std::string& wanted, bool show) {
  if (show) run.output().Object(result.allocation, AllocationColumns());
  const ExitCode exit = ExitOfWait(result, wanted);
  if (exit == ExitCode::kDone) return exit;
  const std::string id = TextAt(result.allocation, "id"), state = TextAt(result.allocation, "state");
  if (result.timed_out) {
    throw CliError(ErrorCode::kDeadlineExceeded, id + " is still " + state + "; it continues",
                   "gpuaas allocations get " + id + " --watch" +
                       (result.last_sequence.empty() ? "" : " --after " + result.last_sequence))
        .Exit(exit);
  }
  CliError error(ErrorCode::kInternal, id + " is " + state, "gpuaas allocations history " + id);
  if (const std::string cause = TextAt(result.allocation, "error.message"); !cause.empty())
    error.message += ": " + cause;
  if (const std::string code = TextAt(result.allocation, "error.code"); !code.empty()) error.code = code;
  error.correlation_id = TextAt(result.allocation, "correlation_id");
  error.details = {{"state", state}};
  throw error.Exit(exit);
}

ExitCode WaitFor(Invocation& run, const Json& accepted, const WaitFlags& flags, const std::string& state) {
  const std::string id = TextAt(accepted, "id");
  run.Progress(id + " accepted; waiting until it is " + state);
  WatchOptions options;
  options.until = state;
  options.timeout = DurationOf("--timeout", flags.timeout);
  return FinishWait(run, WatchAllocation(run, id, options), state, /*show=*/true);
}

// ---- create

struct CreateFlags {
  std::string name;
  std::string sku;
  long gpus = 1;
  std::string region;
  std::vector<std::string> ssh_keys;
  std::string lease;
  std::string key;
  WaitFlags wait;
};

Json CreateBody(Invocation& run, const CreateFlags& flags) {
  const std::string region = flags.region.empty() ? run.settings().Get("region") : flags.region;
  if (region.empty())
    throw UsageError("no region given", "--region us-buffalo-1, or for good: gpuaas context use --region us-buffalo-1");
  Json keys = Json::array();
  for (const std::string& key : flags.ssh_keys) {
    try {
      keys.push_back(ResolveId(run.session(), kSshKey, key));
    } catch (const CliError& error) {
      if (error.exit != ExitCode::kNotFound) throw;
      keys.push_back(key);  // the server names all that is wrong with the request at once
    }
  }
  Json body = {{"sku", flags.sku}, {"gpus", flags.gpus}, {"region", region}, {"ssh_key_ids", keys}};
  if (!flags.name.empty()) body["name"] = flags.name;
  if (!flags.lease.empty()) {
    body["lease_seconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(DurationOf("--lease", flags.lease)).count();
  }
  return body;
}

ExitCode Create(Invocation& run, const CreateFlags& flags) {
  DurationOf("--timeout", flags.wait.timeout);
  const Json accepted = run.session().Mutate({"POST", "/api/v1/allocations", CreateBody(run, flags), flags.key});
  if (flags.wait.wait) return WaitFor(run, accepted, flags.wait, "active");
  run.output().Object(accepted, AllocationColumns());
  run.Progress("next: gpuaas allocations get " + TextAt(accepted, "id") + " --watch");
  return ExitCode::kDone;
}

void AddCreate(CLI::App& allocations, Invocation& run) {
  auto flags = std::make_shared<CreateFlags>();
  CLI::App* create =
      AddCommand(allocations, run, "create", "Ask for GPUs",
                 "  gpuaas allocations create --sku h200-sxm-slice --gpus 1 --region us-buffalo-1 --ssh-key-id laptop\n"
                 "  gpuaas allocations create --sku h200-sxm-8x --gpus 8 --region us-buffalo-1 --ssh-key-id laptop \\\n"
                 "      --name train-7b --lease 12h --wait --timeout 15m",
                 [&run, flags] { return Create(run, *flags); });
  create->add_option("--sku", flags->sku, "What to allocate (gpuaas catalog list)")->required()->type_name(kSkuName);
  create->add_option("--gpus", flags->gpus, "How many GPUs")->type_name("N")->capture_default_str();
  create->add_option("--region", flags->region, "Where; the context's region if left out")->type_name("REGION");
  create->add_option("--ssh-key-id", flags->ssh_keys, "Who may enter: a key's id or name; may be repeated")
      ->required()
      ->delimiter(',')
      ->type_name(kSshKeyId)
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  create->add_option("--name", flags->name, "What to call it")->type_name("NAME");
  create
      ->add_option("--lease", flags->lease,
                   "How long to keep it, from the moment it is active; the service's standard if left out")
      ->type_name("DURATION");
  AddKeyFlag(*create, flags->key);
  AddWaitFlags(*create, flags->wait, "active");
}

// ---- list and get

void AddList(CLI::App& allocations, Invocation& run) {
  struct Flags {
    std::string state;
    ListFlags list;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* list = AddCommand(allocations, run, "list", "List the project's allocations, newest first",
                              "  gpuaas allocations list --state active\n"
                              "  gpuaas allocations list --json id,state,gpus",
                              [&run, flags] {
                                return ShowList(run, kAllocation.path, {{"state", flags->state}}, flags->list,
                                                AllocationColumns(), "allocations");
                              });
  list->add_option("--state", flags->state, "Only those in this state")
      ->type_name("requested|queued|provisioning|active|releasing|released|failed");
  AddListFlags(*list, flags->list);
}

struct GetFlags {
  std::string id;
  bool watch = false;
  std::string until;
  std::string after;
  std::string timeout = "0";
};

ExitCode Get(Invocation& run, const GetFlags& flags) {
  const std::string id = ResolveId(run.session(), kAllocation, flags.id);
  if (!flags.watch) {
    run.output().Object(run.session().Get(PathOf(kAllocation, id)), AllocationColumns());
    return ExitCode::kDone;
  }
  WatchOptions options;
  options.until = flags.until;
  options.after = flags.after;
  options.timeout = DurationOf("--timeout", flags.timeout);
  options.stream_to_stdout = true;
  const WatchResult result = WatchAllocation(run, id, options);
  const bool is_stream = run.output().options().format == Format::kJsonl;
  return FinishWait(run, result, flags.until, /*show=*/!is_stream);
}

void AddGet(CLI::App& allocations, Invocation& run) {
  auto flags = std::make_shared<GetFlags>();
  CLI::App* get =
      AddCommand(allocations, run, "get", "Show one allocation; --watch follows it until it is active or over",
                 "  gpuaas allocations get alloc_01J8 --watch\n"
                 "  gpuaas allocations get train-7b --watch --until released -o jsonl",
                 [&run, flags] { return Get(run, *flags); });
  get->add_option("allocation", flags->id, "Id, its beginning, or name")->required()->type_name(kAllocationId);
  CLI::Option* watch = get->add_flag("-w,--watch", flags->watch, "Follow it; the exit code tells the outcome");
  get->add_option("--until", flags->until, "Follow it up to this state")
      ->needs(watch)
      ->type_name("active|released")
      ->check(CLI::IsMember({"active", "released"}));
  get->add_option("--after", flags->after, "Continue after this sequence number")->needs(watch)->type_name("N");
  get->add_option("--timeout", flags->timeout, "Follow it at most this long (0: no limit); then exit with 8")
      ->type_name("DURATION");
}

// ---- extend and release

void AddExtend(CLI::App& allocations, Invocation& run) {
  struct Flags {
    std::string id;
    std::string by;
    std::string key;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* extend =
      AddCommand(allocations, run, "extend", "Move the end of the lease",
                 "  gpuaas allocations extend alloc_01J8 --by 2h", [&run, flags] {
                   const auto by = std::chrono::duration_cast<std::chrono::seconds>(DurationOf("--by", flags->by));
                   const std::string id = ResolveId(run.session(), kAllocation, flags->id);
                   run.output().Object(run.session().Mutate({"POST", PathOf(kAllocation, id, "extend"),
                                                             Json{{"additional_seconds", by.count()}}, flags->key}),
                                       AllocationColumns());
                   return ExitCode::kDone;
                 });
  extend->add_option("allocation", flags->id, "Id, its beginning, or name")->required()->type_name(kAllocationId);
  extend->add_option("--by", flags->by, "How much longer")->required()->type_name("DURATION");
  AddKeyFlag(*extend, flags->key);
}

struct ReleaseFlags {
  std::vector<std::string> ids;
  std::string reason;
  std::string key;
  bool yes = false;
  WaitFlags wait;
};

ExitCode Release(Invocation& run, const ReleaseFlags& flags) {
  DurationOf("--timeout", flags.wait.timeout);
  if (flags.ids.size() > 1 && !flags.key.empty()) throw UsageError("--idempotency-key names one request, not several");
  std::vector<std::string> ids;
  for (const std::string& typed : flags.ids) ids.push_back(ResolveId(run.session(), kAllocation, typed));
  if (ids.size() > 1 || run.flags.interactive) {
    std::string what = "release";
    for (const std::string& id : ids) what += " " + id;
    run.Confirm(flags.yes, what);
  }
  Json body = Json::object();
  if (!flags.reason.empty()) body["reason"] = flags.reason;
  Json accepted = Json::array();
  for (const std::string& id : ids) {
    accepted.push_back(run.session().Mutate({"POST", PathOf(kAllocation, id, "release"), body, flags.key}));
  }
  if (accepted.size() > 1 && !flags.wait.wait) return ShowItems(run, accepted, {}, AllocationColumns(), "allocations");
  ExitCode exit = ExitCode::kDone;
  for (const Json& allocation : accepted) {
    if (flags.wait.wait) {
      exit = WaitFor(run, allocation, flags.wait, "released");
    } else {
      run.output().Object(allocation, AllocationColumns());
    }
  }
  return exit;
}

void AddRelease(CLI::App& allocations, Invocation& run) {
  auto flags = std::make_shared<ReleaseFlags>();
  CLI::App* release = AddCommand(allocations, run, "release", "Give GPUs back",
                                 "  gpuaas allocations release alloc_01J8 --wait\n"
                                 "  gpuaas allocations release alloc_01J8 alloc_01J9 --yes",
                                 [&run, flags] { return Release(run, *flags); });
  release->add_option("allocation", flags->ids, "Ids, their beginnings, or names")
      ->required()
      ->type_name(kAllocationId);
  release->add_option("--reason", flags->reason, "Kept in its log")->type_name("TEXT");
  release->add_flag("-y,--yes", flags->yes, "Needed to release several at once");
  AddKeyFlag(*release, flags->key);
  AddWaitFlags(*release, flags->wait, "released");
}

// ---- history

// What whoever looks at this history probably wants next.
std::string NextAfterHistory(const Json& allocation) {
  const std::string id = TextAt(allocation, "id"), state = TextAt(allocation, "state");
  if (state == "active") return "gpuaas allocations connect " + id + " --mode ssh";
  if (state == "failed") return "gpuaas allocations create ... (nothing is left to clean up)";
  if (state == "released") return {};
  return "gpuaas allocations get " + id + " --watch";
}

void AddHistory(CLI::App& allocations, Invocation& run) {
  struct Flags {
    std::string id;
    HistoryFlags shown;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* history =
      AddCommand(allocations, run, "history", "Every step of an allocation, with its attempts and causes",
                 "  gpuaas allocations history alloc_01J8\n"
                 "  gpuaas allocations history alloc_01J8 --events -o json",
                 [&run, flags] {
                   const std::string whole = ResolveId(run.session(), kAllocation, flags->id);
                   return ShowHistory(run, PathOf(kAllocation, whole, "history"), flags->shown, [&](const Json& steps) {
                     const Json allocation = run.session().Get(PathOf(kAllocation, whole));
                     const Terminal& terminal = run.output().terminal();
                     return HistoryPicture(AllocationTitle(allocation, terminal, run.Now()), steps,
                                           NextAfterHistory(allocation), terminal, run.Now());
                   });
                 });
  AddHistoryFlags(*history, flags->shown);
  history->add_option("allocation", flags->id, "Id, its beginning, or name")->required()->type_name(kAllocationId);
}

}  // namespace

const Columns& AllocationColumns() {
  static const Columns kColumns = {{"id", "id"},
                                   {"name", "name"},
                                   {"state", "state", Column::Kind::kState},
                                   {"sku", "sku"},
                                   {"gpus", "gpus"},
                                   {"node", "node"},
                                   {"lease_expires_at", "lease_expires_at", Column::Kind::kTime},
                                   {"created_at", "created_at", Column::Kind::kTime},
                                   {"cause", "error.message"},
                                   {"reason", "reason", Column::Kind::kText, true},
                                   {"project", "project", Column::Kind::kText, true},
                                   {"region", "region", Column::Kind::kText, true},
                                   {"operation_id", "operation_id", Column::Kind::kText, true},
                                   {"workflow_id", "workflow_id", Column::Kind::kText, true},
                                   {"correlation_id", "correlation_id", Column::Kind::kText, true}};
  return kColumns;
}

void AddAllocations(CLI::App& root, Invocation& run) {
  CLI::App* allocations = AddGroup(root, "allocations", "GPUs: create, follow, enter, extend, release");
  AddCreate(*allocations, run);
  AddList(*allocations, run);
  AddGet(*allocations, run);
  AddExtend(*allocations, run);
  AddRelease(*allocations, run);
  AddAllocationConnect(*allocations, run);
  AddHistory(*allocations, run);
}

}  // namespace gpuaas::cli
