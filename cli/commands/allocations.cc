#include "cli/commands/allocations.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands/allocation_watch.h"
#include "cli/commands/groups.h"
#include "cli/commands/members.h"
#include "cli/commands/order.h"
#include "cli/commands/support.h"
#include "cli/commands/workflow_history.h"
#include "cli/render/history.h"

namespace gpuaas::cli {
namespace {

// By which flag each field of the requests is given.
const FlagsOfFields kFlags = {
    {"sku", "--sku"},   {"gpus", "--gpus"},           {"region", "--region"},         {"ssh_key_ids", "--ssh-key-id"},
    {"name", "--name"}, {"lease_seconds", "--lease"}, {"additional_seconds", "--by"}, {"reason", "--reason"}};

// What has ended has no lease that could expire.
std::string LeaseEnd(const Json& allocation) {
  return IsLive(allocation) ? TextAt(allocation, "lease_expires_at") : std::string();
}

// Why it failed, or what it waits for.
std::string Cause(const Json& allocation) {
  return TextAt(allocation, TextAt(allocation, "state") == "queued" ? "reason" : "error.message");
}

// The answer is from before the order took effect: for programs, not as a picture of how things are now.
ExitCode ShowAccepted(Invocation& run, const Json& accepted) {
  if (!run.output().IsTable()) run.output().Object(accepted, AllocationCard());
  return ExitCode::kDone;
}

// As people call it: its name and id.
std::string CallOf(const Json& allocation) {
  const std::string name = TextAt(allocation, "name"), id = TextAt(allocation, "id");
  return name.empty() ? id : name + " (" + id + ")";
}

// Shows how a wait ended: the allocation as data, and an error unless it ended as wanted.
ExitCode FinishWait(Invocation& run, const WatchResult& result, const std::string& wanted, bool show) {
  if (show) run.output().Object(result.allocation, AllocationCard());
  const ExitCode exit = ExitOfWait(result, wanted);
  if (exit == ExitCode::kDone) return exit;
  const std::string id = TextAt(result.allocation, "id"), state = TextAt(result.allocation, "state");
  if (result.timed_out) {
    throw StillPending(id + " is still " + state + "; it continues",
                       "gpuaas allocations get " + id + " --watch" + (wanted.empty() ? "" : " --until " + wanted) +
                           (result.last_sequence.empty() ? "" : " --after " + result.last_sequence));
  }
  CliError error =
      WaitFailed(id + " is " + state, state, At(result.allocation, "error"), "gpuaas allocations history " + id);
  error.correlation_id = TextAt(result.allocation, "correlation_id");
  throw error;
}

ExitCode WaitFor(Invocation& run, const Json& accepted, std::chrono::milliseconds timeout, const std::string& state) {
  const std::string id = TextAt(accepted, "id");
  run.Progress("waiting until " + id + " is " + state);
  WatchOptions options;
  options.until = state;
  options.timeout = timeout;
  return FinishWait(run, WatchAllocation(run, id, options), state, /*show=*/true);
}

// ---- create

struct CreateFlags {
  std::string name;
  std::string sku;
  std::optional<long> gpus;
  std::string region;
  std::vector<std::string> ssh_keys;
  std::string lease;
  std::string key;
  WaitFlags wait;
};

// The given one, the context's, or the only one that the catalog has.
std::string RegionOf(Invocation& run, const CreateFlags& flags) {
  if (!flags.region.empty()) return flags.region;
  if (const std::string remembered = run.settings().Get("region"); !remembered.empty()) return remembered;
  std::set<std::string> regions;
  for (const Json& sku : ListOnePage(run.session(), "/api/v1/catalog/skus", {}).items) {
    for (const Json& region : At(sku, "regions")) regions.insert(Text(region));
  }
  if (regions.size() == 1) return *regions.begin();
  std::string known;
  for (const std::string& region : regions) known += (known.empty() ? "" : ", ") + region;
  throw UsageError("no region given, and there is not just one: " + known,
                   "--region REGION, or for good: gpuaas context use --region REGION");
}

Json CreateBody(Invocation& run, const CreateFlags& flags) {
  Json keys = Json::array();
  for (const std::string& key : flags.ssh_keys) {
    try {
      keys.push_back(ResolveId(run.session(), kSshKey, key));
    } catch (const CliError& error) {
      if (error.exit != ExitCode::kNotFound) throw;
      keys.push_back(key);  // the server names all that is wrong with the request at once
    }
  }
  Json body = {{"sku", flags.sku}};
  if (flags.gpus) body["gpus"] = *flags.gpus;
  body["region"] = RegionOf(run, flags);
  body["ssh_key_ids"] = keys;
  if (!flags.name.empty()) body["name"] = flags.name;
  if (!flags.lease.empty()) {
    body["lease_seconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(DurationOf("--lease", flags.lease)).count();
  }
  return body;
}

ExitCode Create(Invocation& run, const CreateFlags& flags) {
  const auto timeout = flags.wait.Check(run);
  run.output().Check(kAllocationMembers, AllocationCard());
  const Json accepted = Mutate(run, {"POST", "/api/v1/allocations", CreateBody(run, flags), flags.key}, kFlags);
  if (flags.wait.wait) {
    SayAccepted(run, "create " + CallOf(accepted), accepted, {});
    return WaitFor(run, accepted, timeout, "active");
  }
  run.output().Object(accepted, AllocationCard());
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
  create->add_option("--gpus", flags->gpus, "How many GPUs; the least that the SKU allows if left out")->type_name("N");
  create->add_option("--region", flags->region, "Where; if left out the context's region, or the only one there is")
      ->type_name("REGION");
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
  AddWaitFlags(*create, flags->wait, "it is active");
}

// ---- list and get

struct ListFilter {
  std::string state;
  ListFlags list;
};

// Rows of other tenants than one's own, which only the platform's administrators see, say whose they are.
ExitCode ListAll(Invocation& run, const ListFilter& flags) {
  const Listing found = List(run.session(), kAllocation.path, {{"state", flags.state}},
                             flags.list.all ? 0 : flags.list.limit, flags.list.cursor);
  const auto login = run.credentials().Find(run.settings().Get("url"));
  const std::string own = login ? TextAt(login->scope, "tenant_id") : std::string();
  const bool has_foreign = std::ranges::any_of(found.items, [&](const Json& item) {
    return TextAt(item, "tenant_id") != (own.empty() ? TextAt(found.items.front(), "tenant_id") : own);
  });
  return ShowItems(run, found.items, found.next_cursor,
                   has_foreign ? Showing(AllocationColumns(), {"tenant"}) : AllocationColumns(), "allocations");
}

void AddList(CLI::App& allocations, Invocation& run) {
  auto flags = std::make_shared<ListFilter>();
  CLI::App* list = AddCommand(allocations, run, "list", "List the project's allocations, newest first",
                              "  gpuaas allocations list --state active\n"
                              "  gpuaas allocations list --json id,state,gpus",
                              [&run, flags] { return ListAll(run, *flags); });
  TakeOneOf(list->add_option("--state", flags->state, "Only those in this state"),
            {"requested", "queued", "provisioning", "active", "releasing", "released", "failed"});
  AddListFlags(*list, flags->list);
}

struct GetFlags {
  std::string id;
  bool watch = false;
  std::string until;
  std::string after;
  std::string timeout = "0";
  CLI::Option* timeout_option = nullptr;
};

ExitCode Get(Invocation& run, const GetFlags& flags) {
  CheckTimeoutIsUsed(run, flags.timeout_option, flags.watch, "--watch");
  const std::string id = ResolveId(run.session(), kAllocation, flags.id);
  if (!flags.watch) {
    run.output().Object(run.session().Get(PathOf(kAllocation, id)), AllocationCard());
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
  TakeOneOf(get->add_option("--until", flags->until, "Follow it up to this state")->needs(watch),
            {"active", "released"});
  get->add_option("--after", flags->after, "Continue after this sequence number")->needs(watch)->type_name("N");
  flags->timeout_option =
      get->add_option("--timeout", flags->timeout, "With --watch: at most this long (0: no limit); then exit with 8")
          ->type_name("DURATION");
}

// ---- extend and release

struct ExtendFlags {
  std::string id;
  std::string by;
  std::string key;
  WaitFlags wait;
};

ExitCode Extend(Invocation& run, const ExtendFlags& flags) {
  const auto timeout = flags.wait.Check(run);
  const auto by = std::chrono::duration_cast<std::chrono::seconds>(DurationOf("--by", flags.by));
  run.output().Check(kAllocationMembers, AllocationCard());
  const std::string id = ResolveId(run.session(), kAllocation, flags.id, IsLive);
  const Json accepted = Mutate(
      run, {"POST", PathOf(kAllocation, id, "extend"), Json{{"additional_seconds", by.count()}}, flags.key}, kFlags);
  const std::string operation = TextAt(accepted, "operation_id");
  SayAccepted(run, "extend " + CallOf(accepted) + " by " + flags.by, accepted,
              flags.wait.wait ? std::string() : FollowOperation(operation));
  if (!flags.wait.wait) return ShowAccepted(run, accepted);
  WaitForOperation(run, operation, timeout);
  run.output().Object(run.session().Get(PathOf(kAllocation, id)), AllocationCard());
  return ExitCode::kDone;
}

void AddExtend(CLI::App& allocations, Invocation& run) {
  auto flags = std::make_shared<ExtendFlags>();
  CLI::App* extend = AddCommand(allocations, run, "extend", "Move the end of the lease",
                                "  gpuaas allocations extend alloc_01J8 --by 2h --wait",
                                [&run, flags] { return Extend(run, *flags); });
  extend->add_option("allocation", flags->id, "Id, its beginning, or name")->required()->type_name(kLiveAllocationId);
  extend->add_option("--by", flags->by, "How much longer")->required()->type_name("DURATION");
  AddKeyFlag(*extend, flags->key);
  AddWaitFlags(*extend, flags->wait, "the lease is longer");
}

struct ReleaseFlags {
  std::vector<std::string> ids;
  std::string reason;
  std::string key;
  bool yes = false;
  WaitFlags wait;
};

ExitCode Release(Invocation& run, const ReleaseFlags& flags) {
  const auto timeout = flags.wait.Check(run);
  if (flags.ids.size() > 1 && !flags.key.empty()) throw UsageError("--idempotency-key names one request, not several");
  run.output().Check(kAllocationMembers, AllocationCard());
  std::vector<std::string> ids;
  for (const std::string& typed : flags.ids) ids.push_back(ResolveId(run.session(), kAllocation, typed, IsLive));
  if (ids.size() > 1 || run.flags.interactive) {
    std::string what = "release";
    for (const std::string& id : ids) what += " " + id;
    run.Confirm(flags.yes, what);
  }
  Json body = Json::object();
  if (!flags.reason.empty()) body["reason"] = flags.reason;
  Json accepted = Json::array();
  for (const std::string& id : ids) {
    accepted.push_back(Mutate(run, {"POST", PathOf(kAllocation, id, "release"), body, flags.key}, kFlags));
    SayAccepted(run, "release " + CallOf(accepted.back()), accepted.back(),
                flags.wait.wait ? std::string() : "gpuaas allocations get " + id + " --watch --until released");
  }
  ExitCode exit = ExitCode::kDone;
  if (flags.wait.wait) {
    for (const Json& allocation : accepted) exit = WaitFor(run, allocation, timeout, "released");
  } else if (accepted.size() == 1) {
    exit = ShowAccepted(run, accepted.front());
  } else if (!run.output().IsTable()) {
    run.output().List(accepted, {}, AllocationColumns());
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
      ->type_name(kLiveAllocationId);
  release->add_option("--reason", flags->reason, "Kept in its log")->type_name("TEXT");
  release->add_flag("-y,--yes", flags->yes, "Needed to release several at once");
  AddKeyFlag(*release, flags->key);
  AddWaitFlags(*release, flags->wait, "it is released");
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

bool IsLive(const Json& allocation) {
  const std::string state = TextAt(allocation, "state");
  return state != "released" && state != "failed";
}

const Columns& AllocationColumns() {
  static const Columns kColumns = {{"id", "id"},
                                   {"tenant", "tenant", Column::Kind::kText, true},
                                   {"name", "name"},
                                   {"state", "state", Column::Kind::kState},
                                   {"sku", "sku"},
                                   {"gpus", "gpus"},
                                   {"node", "node"},
                                   {"lease_expires_at", "", Column::Kind::kTime, false, LeaseEnd},
                                   {"created_at", "created_at", Column::Kind::kTime},
                                   {"cause", "", Column::Kind::kText, false, Cause},
                                   {"reason", "reason", Column::Kind::kText, true},
                                   {"project", "project", Column::Kind::kText, true},
                                   {"region", "region", Column::Kind::kText, true},
                                   {"operation_id", "operation_id", Column::Kind::kText, true},
                                   {"workflow_id", "workflow_id", Column::Kind::kText, true},
                                   {"correlation_id", "correlation_id", Column::Kind::kText, true}};
  return kColumns;
}

const Columns& AllocationCard() {
  static const Columns kCard = {{"id", "id"},
                                {"name", "name"},
                                {"state", "state", Column::Kind::kState},
                                {"sku", "sku"},
                                {"gpus", "gpus"},
                                {"node", "node"},
                                {"lease_expires_at", "", Column::Kind::kTime, false, LeaseEnd},
                                {"created_at", "created_at", Column::Kind::kTime},
                                {"ended_at", "ended_at", Column::Kind::kTime},
                                {"queue_position", "queue_position"},
                                {"reason", "reason"},
                                {"cause", "error.code"},
                                {"tenant", "tenant", Column::Kind::kText, true},
                                {"project", "project", Column::Kind::kText, true},
                                {"region", "region", Column::Kind::kText, true},
                                {"operation_id", "operation_id", Column::Kind::kText, true},
                                {"workflow_id", "workflow_id", Column::Kind::kText, true},
                                {"correlation_id", "correlation_id", Column::Kind::kText, true}};
  return kCard;
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
