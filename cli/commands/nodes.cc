#include <array>
#include <memory>
#include <set>
#include <string>

#include "cli/commands/groups.h"
#include "cli/commands/members.h"
#include "cli/commands/order.h"
#include "cli/commands/support.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

std::string FreeOfTotal(const Json& node) { return TextAt(node, "gpus_free") + "/" + TextAt(node, "gpus_total"); }

const Columns kNodeColumns = {{"id", "id"},
                              {"name", "name"},
                              {"state", "state", Column::Kind::kState},
                              {"contact", "contact", Column::Kind::kState},
                              {"gpus_free", "", Column::Kind::kText, false, FreeOfTotal},
                              {"model", "gpu_model"},
                              {"region", "region"},
                              {"last_heartbeat_at", "last_heartbeat_at", Column::Kind::kTime},
                              {"reason", "reason", Column::Kind::kText, true},
                              {"agent_version", "agent_version", Column::Kind::kText, true},
                              {"agent_address", "agent_address", Column::Kind::kText, true},
                              {"workflow_id", "workflow_id", Column::Kind::kText, true},
                              {"created_at", "created_at", Column::Kind::kTime, true}};

const Columns& NodeCard() {
  static const Columns kCard = Showing(kNodeColumns, {"reason"});
  return kCard;
}

const Columns kGpuColumns = {{"index", "index"},
                             {"uuid", "uuid"},
                             {"model", "model"},
                             {"memory_gib", "memory_gib"},
                             {"allocation", "allocation_id"}};

// What an operator does to a node.
struct NodeAction {
  const char* name;
  const char* description;
  enum class Danger { kNone, kEndsAllocations, kSevere } danger;

  bool IsDestructive() const { return danger != Danger::kNone; }
};

constexpr std::array<NodeAction, 4> kActions = {{
    {"cordon", "Place nothing new on the node", NodeAction::Danger::kNone},
    {"uncordon", "Let the node be used again", NodeAction::Danger::kNone},
    {"drain", "Place nothing new and release what runs on the node", NodeAction::Danger::kEndsAllocations},
    {"reclaim", "Take the node out for good; it has to be enrolled anew to come back", NodeAction::Danger::kSevere},
}};

void ConfirmAction(Invocation& run, const NodeAction& action, const std::string& id) {
  const Json node = run.session().Get(PathOf(kNode, id));
  std::set<std::string> held;
  for (const Json& gpu : At(node, "gpus")) held.insert(TextAt(gpu, "allocation_id"));
  held.erase("");
  std::string what = std::string(action.name) + " node " + TextAt(node, "name") + " (" + id + ")";
  for (const std::string& allocation : held)
    what += (allocation == *held.begin() ? ", which ends " : ", ") + allocation;
  run.Confirm(/*yes=*/false, what, action.danger == NodeAction::Danger::kSevere ? TextAt(node, "name") : std::string());
}

struct ActionFlags {
  std::string id;
  std::string reason;
  std::string key;
  bool yes = false;
  WaitFlags wait;
};

// What leads to where the order was refused to lead.
CliError WithHint(CliError error, const std::string& action, const std::string& id) {
  if (error.code != InfoOf(ErrorCode::kInvalidState).name) return error;
  error.next = action == "reclaim" && TextAt(error.details, "state") != "reclaimed"
                   ? "empty it first: gpuaas nodes drain " + id + " --wait --yes"
                   : "gpuaas nodes get " + id;
  return error;
}

ExitCode Order(Invocation& run, const NodeAction& action, const ActionFlags& flags) {
  const auto timeout = flags.wait.Check(run);
  run.output().Check(kNodeMembers, NodeCard());
  const std::string name = action.name, id = ResolveId(run.session(), kNode, flags.id);
  if (action.IsDestructive() && !flags.yes) ConfirmAction(run, action, id);
  Json body = Json::object();
  if (!flags.reason.empty()) body["reason"] = flags.reason;
  Json accepted;
  try {
    accepted = Mutate(run, {"POST", PathOf(kNode, id, name), body, flags.key}, {{"reason", "--reason"}});
  } catch (const CliError& error) {
    throw WithHint(error, name, id);
  }
  const std::string operation = TextAt(accepted, "operation_id");
  SayAccepted(run, name + " " + TextAt(accepted, "name"), accepted,
              flags.wait.wait ? std::string() : FollowOperation(operation));
  if (flags.wait.wait) {
    WaitForOperation(run, operation, timeout);
    accepted = run.session().Get(PathOf(kNode, id));
  }
  // Without the wait the answer is from before the order took effect: for programs.
  if (flags.wait.wait || !run.output().IsTable()) run.output().Object(accepted, NodeCard());
  return ExitCode::kDone;
}

void AddAction(CLI::App& nodes, Invocation& run, const NodeAction& action) {
  auto flags = std::make_shared<ActionFlags>();
  const std::string name = action.name;
  CLI::App* command =
      AddCommand(nodes, run, name, action.description,
                 "  gpuaas nodes " + name + " node-0" + (action.IsDestructive() ? " --yes" : "") + " --wait",
                 [&run, action, flags] { return Order(run, action, *flags); });
  command->add_option("node", flags->id, "Id, its beginning, or name")->required()->type_name(kNodeId);
  command->add_option("--reason", flags->reason, "Kept with the node and in its log")->type_name("TEXT");
  if (action.IsDestructive()) command->add_flag("-y,--yes", flags->yes, "Do not ask");
  AddKeyFlag(*command, flags->key);
  AddWaitFlags(*command, flags->wait, "that is done");
}

ExitCode Get(Invocation& run, const std::string& typed) {
  const Json node = run.session().Get(PathOf(kNode, ResolveId(run.session(), kNode, typed)));
  run.output().Object(node, NodeCard());
  if (run.output().IsTable() && run.output().options().columns.empty() && !At(node, "gpus").empty()) {
    run.world().out << "\n";
    run.output().List(node["gpus"], {}, kGpuColumns);
  }
  return ExitCode::kDone;
}

}  // namespace

void AddNodes(CLI::App& root, Invocation& run) {
  CLI::App* nodes = AddGroup(root, "nodes", "The platform's machines (administrators)");

  struct Filter {
    std::string region;
    ListFlags list;
  };
  auto filter = std::make_shared<Filter>();
  CLI::App* list = AddCommand(*nodes, run, "list", "List nodes", "  gpuaas nodes list -o wide", [&run, filter] {
    return ShowList(run, kNode.path, {{"region", filter->region}}, filter->list, kNodeColumns, "nodes");
  });
  list->add_option("--region", filter->region, "Only those there")->type_name("REGION");
  AddListFlags(*list, filter->list);

  auto id = std::make_shared<std::string>();
  CLI::App* get = AddCommand(*nodes, run, "get", "Show one node and its GPUs", "  gpuaas nodes get node-0",
                             [&run, id] { return Get(run, *id); });
  get->add_option("node", *id, "Id, its beginning, or name")->required()->type_name(kNodeId);

  struct EnrolFlags {
    std::string name;
    std::string region;
    std::string key;
  };
  auto enrol_flags = std::make_shared<EnrolFlags>();
  CLI::App* enrol = AddCommand(*nodes, run, "enrol", "Print the one command that makes a machine a node",
                               "  gpuaas nodes enrol --name gpu-14", [&run, enrol_flags] {
                                 run.output().Check(kEnrolmentMembers, {});
                                 Json body = {{"name", enrol_flags->name}};
                                 if (!enrol_flags->region.empty()) body["region"] = enrol_flags->region;
                                 const Json made =
                                     Mutate(run, {"POST", "/api/v1/nodes/enrolments", body, enrol_flags->key},
                                            {{"name", "--name"}, {"region", "--region"}});
                                 run.output().ObjectOr(made, Printable(TextAt(made, "command")) + "\n");
                                 run.Progress("run it as root on " + enrol_flags->name + " before " +
                                              TextAt(made, "expires_at") + "; it works once");
                                 return ExitCode::kDone;
                               });
  enrol->add_option("--name", enrol_flags->name, "What to call the node")->required()->type_name("NAME");
  enrol->add_option("--region", enrol_flags->region, "Where it stands; the service's own region if left out")
      ->type_name("REGION");
  AddKeyFlag(*enrol, enrol_flags->key);

  for (const NodeAction& action : kActions) AddAction(*nodes, run, action);
}

}  // namespace gpuaas::cli
