#include "activities/nodes/region_activities.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "activities/common/json.h"
#include "activities/common/step_registry.h"
#include "activities/nodes/capacity.h"
#include "domain/status_macros.h"
#include "gpuaas/flow/v1/node.pb.h"
#include "platform/clock/clock.h"
#include "platform/postgres/database.h"
#include "stores/nodes/heartbeats.h"
#include "stores/nodes/leftovers.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/items.h"
#include "stores/ops/mutation.h"
#include "stores/ops/outbox.h"
#include "temporal/activity/activity_context.h"
#include "workflows/common/time.h"
#include "workflows/nodes/region_steps.h"

namespace gpuaas::activities {

using namespace std::chrono_literals;

namespace {

constexpr int kMostPurged = 10'000;
constexpr std::chrono::minutes kLeftoverGrace{2};
constexpr std::chrono::minutes kReconcileAgain{5};  // each try may keep the node's workflow from its other messages
constexpr auto kOutboxKept = std::chrono::hours(24 * 7);  // sent rows, for whoever looks for what happened

std::chrono::milliseconds Or(bool set, const google::protobuf::Duration& value, std::chrono::milliseconds otherwise) {
  return set ? std::chrono::duration_cast<std::chrono::milliseconds>(workflows::FromProto(value)) : otherwise;
}

domain::ContactPolicy PolicyOf(const flow::v1::SweepLimits& limits) {
  domain::ContactPolicy policy;
  policy.late_after =
      std::chrono::duration_cast<std::chrono::seconds>(Or(limits.has_late(), limits.late(), policy.late_after));
  policy.lost_after =
      std::chrono::duration_cast<std::chrono::seconds>(Or(limits.has_lost(), limits.lost(), policy.lost_after));
  return policy;
}

const char* SignalOf(domain::NodeContact contact) {
  switch (contact) {
    case domain::NodeContact::kLate:
      return "late";
    case domain::NodeContact::kLost:
      return "lost";
    case domain::NodeContact::kOk:
      break;
  }
  return "back";
}

stores::NewOutboxRow SignalTo(const NodeId& node, const char* name, std::string reason, Time now) {
  flow::v1::NodeSignal signal;
  *signal.mutable_observed_at() = workflows::ToProto(now);
  signal.set_reason(std::move(reason));
  stores::NewOutboxRow row;
  row.tenant = PlatformTenant();
  row.workflow_id = "node/" + node.str();
  row.kind = stores::kOutboxSignalWorkflow;
  row.name = name;
  row.payload_json = ToJson(signal);
  row.now = now;
  return row;
}

absl::StatusOr<std::int64_t> FreeGpusOf(platform::Transaction& tx, const std::string& region) {
  stores::NodeFilter filter;
  filter.region = region;
  std::int64_t free = 0;
  do {
    GPUAAS_ASSIGN_OR_RETURN(const auto page, stores::ListNodes(tx, filter));
    for (const stores::Node& node : page.items) {
      if (domain::IsSchedulable(node.state, node.contact)) free += node.gpus_free;
    }
    filter.before = page.next;
  } while (!filter.before.empty());
  return free;
}

}  // namespace

RegionActivities::RegionActivities(platform::Database& database, const platform::Clock& clock, std::stop_token stop)
    : database_(database), clock_(clock), stop_(std::move(stop)) {}

void RegionActivities::Register(StepRegistry& registry) {
  registry.AddWithContext(workflows::steps::kSweep,
                          [this](temporal::ActivityContext& context, const flow::v1::SweepRequest& request) {
                            return Sweep(context, request);
                          });
}

absl::StatusOr<flow::v1::SweepReport> RegionActivities::Sweep(temporal::ActivityContext& context,
                                                              const flow::v1::SweepRequest& request) {
  const auto tick = Or(request.limits().has_tick(), request.limits().tick(), 5s);
  const Time until = clock_.Now() + Or(request.limits().has_watch(), request.limits().watch(), 10min);
  std::mutex mutex;
  std::condition_variable_any changed;
  const std::stop_callback cancelled(context.stop_token(), [&] { changed.notify_all(); });
  flow::v1::SweepReport report;
  Seen seen;
  while (!context.cancelled()) {
    GPUAAS_RETURN_IF_ERROR(Tick(request, seen, report));
    GPUAAS_RETURN_IF_ERROR(context.Heartbeat(report));
    if (stop_.stop_requested()) return report;
    if (clock_.Now() >= until) {
      GPUAAS_RETURN_IF_ERROR(Settle(request.region()));
      return report;
    }
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop_, tick, [&] { return context.cancelled(); });
  }
  return context.Cancelled();
}

absl::Status RegionActivities::Tick(const flow::v1::SweepRequest& request, Seen& seen, flow::v1::SweepReport& report) {
  const Time now = clock_.Now();
  std::int64_t free = 0;
  std::size_t transitions = 0;
  int kicked = 0;
  std::vector<NodeId> reconciled;
  GPUAAS_RETURN_IF_ERROR(database_.Transact(platform::SystemScope(), [&](platform::Transaction& tx) -> absl::Status {
    GPUAAS_ASSIGN_OR_RETURN(const auto changes,
                            stores::SweepContacts(tx, request.region(), PolicyOf(request.limits()), now));
    for (const stores::ContactChange& change : changes) {
      auto signal =
          SignalTo(change.node, SignalOf(change.to), "last heartbeat at " + FormatTime(change.last_heartbeat_at), now);
      GPUAAS_RETURN_IF_ERROR(stores::EnqueueOutbox(tx, signal).status());
    }
    transitions = changes.size();
    GPUAAS_ASSIGN_OR_RETURN(const auto leftovers, stores::ListNodesWithLeftovers(tx, request.region(), kLeftoverGrace));
    reconciled.clear();
    for (const NodeId& node : leftovers) {
      const auto last = seen.reconciled.find(node);
      if (last != seen.reconciled.end() && now - last->second < kReconcileAgain) continue;
      auto signal = SignalTo(node, "reconcile", "it may hold a sandbox without an allocation", now);
      GPUAAS_RETURN_IF_ERROR(stores::EnqueueOutbox(tx, signal).status());
      reconciled.push_back(node);
    }
    GPUAAS_ASSIGN_OR_RETURN(free, FreeGpusOf(tx, request.region()));
    kicked = 0;
    if (free > seen.free_gpus) {
      GPUAAS_ASSIGN_OR_RETURN(kicked, KickQueue(tx, request.region(), now));
    }
    return absl::OkStatus();
  }));
  seen.free_gpus = free;
  for (const NodeId& node : reconciled) seen.reconciled[node] = now;
  report.set_ticks(report.ticks() + 1);
  report.set_transitions(report.transitions() + static_cast<unsigned>(transitions));
  report.set_kicked(report.kicked() + static_cast<unsigned>(kicked));
  return absl::OkStatus();
}

absl::Status RegionActivities::Settle(const std::string& region) {
  return database_.Transact(platform::SystemScope(), [&](platform::Transaction& tx) -> absl::Status {
    const Time now = clock_.Now();
    GPUAAS_RETURN_IF_ERROR(stores::CloseOpsItem(tx, "sweep_failed", "region", region, now).status());
    GPUAAS_RETURN_IF_ERROR(stores::PurgeIdempotencyRecords(tx, now, kMostPurged).status());
    return stores::PurgeOutbox(tx, now - kOutboxKept, kMostPurged).status();
  });
}

}  // namespace gpuaas::activities
