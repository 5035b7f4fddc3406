#include <memory>
#include <string>

#include "cli/commands/groups.h"
#include "cli/commands/support.h"
#include "cli/commands/workflow_history.h"
#include "cli/render/history.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

// The list of the workflow service counts the events of what has ended only.
std::string Events(const Json& workflow) {
  const std::string count = TextAt(workflow, "history_length");
  return count == "0" ? std::string() : count;
}

const Columns kWorkflow = {{"kind", "kind"},
                           {"id", "id"},
                           {"status", "status", Column::Kind::kState},
                           {"started_at", "started_at", Column::Kind::kTime},
                           {"closed_at", "closed_at", Column::Kind::kTime},
                           {.name = "events", .path = "", .value = Events},
                           {"run_id", "run_id", Column::Kind::kText, true},
                           {"type", "type", Column::Kind::kText, true},
                           {"task_queue", "task_queue", Column::Kind::kText, true}};

const Columns kPendingStep = {{"step", "name"},
                              {"state", "state", Column::Kind::kState},
                              {"try", "attempt"},
                              {"next_retry_at", "next_retry_at", Column::Kind::kTime},
                              {"cause", "error.message"}};

const Columns kOpsItem = {
    {"id", "id"},       {"kind", "kind"},      {"resource", "resource"}, {"since", "opened_at", Column::Kind::kTime},
    {"title", "title"}, {"runbook", "runbook"}};

std::string Counts(const Json& by_state) {
  std::string text;
  for (const auto& [state, count] : by_state.items()) {
    text += (text.empty() ? "" : ", ") + Printable(Text(count)) + " " + Printable(state);
  }
  return text.empty() ? "none" : text;
}

ExitCode Overview(Invocation& run) {
  const Json overview = run.session().Get("/api/v1/ops/overview");
  if (!run.output().IsTable()) {
    run.output().Object(overview, {});
    return ExitCode::kDone;
  }
  const Terminal& terminal = run.output().terminal();
  Json card = {{"region", At(overview, "region")},
               {"gpus", TextAt(overview, "gpus.assigned") + " of " + TextAt(overview, "gpus.total") + " in use, " +
                            TextAt(overview, "gpus.free") + " free"},
               {"allocations", Counts(At(overview, "allocations"))},
               {"nodes", Counts(At(overview, "nodes"))},
               {"outbox", TextAt(overview, "outbox_pending") + " intents wait to be handed over"}};
  Columns columns = {
      {"region", "region"}, {"gpus", "gpus"}, {"allocations", "allocations"}, {"nodes", "nodes"}, {"outbox", "outbox"}};
  for (const auto& [name, component] : At(overview, "components").items()) {
    const std::string message = TextAt(component, "message");
    card[name] = TextAt(component, "status") + (message.empty() ? "" : ": " + message);
    columns.push_back({name, name, Column::Kind::kState});
  }
  run.world().out << Card(card, columns, terminal, run.Now()) << "\n";
  return ShowItems(run, At(overview, "ops_items"), {}, kOpsItem, "items wait for an operator");
}

struct WorkflowName {
  std::string kind;
  std::string id;
};

// "allocation alloc_..." or "allocation/alloc_...".
std::string PathOfWorkflow(const WorkflowName& name, std::string_view action = {}) {
  WorkflowName split = name;
  if (const std::size_t slash = name.kind.find('/'); slash != std::string::npos && name.id.empty()) {
    split = {name.kind.substr(0, slash), name.kind.substr(slash + 1)};
  }
  if (split.id.empty()) throw UsageError("a workflow is named by kind and id", "gpuaas ops workflows list shows both");
  std::string path =
      "/api/v1/ops/workflows/" + platform::PercentEncode(split.kind) + "/" + platform::PercentEncode(split.id);
  return action.empty() ? path : path + "/" + std::string(action);
}

void AddWorkflowName(CLI::App& command, WorkflowName& name) {
  command.add_option("kind", name.kind, "Its kind, for example allocation; or kind/id")->required()->type_name("KIND");
  command.add_option("id", name.id, "The id of what it works on")->type_name("ID");
}

ExitCode Describe(Invocation& run, const WorkflowName& name) {
  const Json workflow = run.session().Get(PathOfWorkflow(name));
  run.output().Object(workflow, kWorkflow);
  if (run.output().IsTable() && run.output().options().columns.empty() && !At(workflow, "pending").empty()) {
    run.world().out << "\n";
    run.output().List(workflow["pending"], {}, kPendingStep);
  }
  return ExitCode::kDone;
}

ExitCode History(Invocation& run, const WorkflowName& name, const HistoryFlags& flags) {
  return ShowHistory(run, PathOfWorkflow(name, "history"), flags, [&](const Json& history) {
    const Terminal& terminal = run.output().terminal();
    const std::string title = terminal.Paint(Style::kBold, Printable(TextAt(history, "workflow_id"))) + "  " +
                              Printable(TextAt(history, "status")) + "  " + Printable(TextAt(history, "run_id"));
    return HistoryPicture(title, history, {}, terminal, run.Now());
  });
}

}  // namespace

void AddOps(CLI::App& root, Invocation& run) {
  CLI::App* ops = AddGroup(root, "ops", "The platform at work (administrators)");
  AddCommand(*ops, run, "overview", "The platform at a glance", "  gpuaas ops overview",
             [&run] { return Overview(run); });

  CLI::App* workflows = AddGroup(*ops, "workflows", "Durable workflows");
  struct Filter {
    std::string kind;
    std::string status;
    ListFlags list;
  };
  auto filter = std::make_shared<Filter>();
  CLI::App* list =
      AddCommand(*workflows, run, "list", "List workflows, newest first",
                 "  gpuaas ops workflows list --kind allocation --status running", [&run, filter] {
                   return ShowList(run, "/api/v1/ops/workflows", {{"kind", filter->kind}, {"status", filter->status}},
                                   filter->list, kWorkflow, "workflows");
                 });
  list->add_option("--kind", filter->kind, "Only those of this kind")->type_name("allocation|node|region-watch");
  TakeOneOf(list->add_option("--status", filter->status, "Only those with this status"),
            {"running", "completed", "failed", "canceled", "terminated", "continued_as_new", "timed_out"});
  AddListFlags(*list, filter->list);

  auto described = std::make_shared<WorkflowName>();
  CLI::App* describe = AddCommand(*workflows, run, "describe", "One workflow and what it waits for",
                                  "  gpuaas ops workflows describe allocation alloc_01J8...",
                                  [&run, described] { return Describe(run, *described); });
  AddWorkflowName(*describe, *described);

  struct Told {
    WorkflowName name;
    HistoryFlags shown;
  };
  auto told = std::make_shared<Told>();
  CLI::App* history = AddCommand(*workflows, run, "history", "Every step of a workflow, with its attempts and causes",
                                 "  gpuaas ops workflows history allocation/alloc_01J8...",
                                 [&run, told] { return History(run, told->name, told->shown); });
  AddWorkflowName(*history, told->name);
  AddHistoryFlags(*history, told->shown);
}

}  // namespace gpuaas::cli
