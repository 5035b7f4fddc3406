#include <charconv>

#include "api/allocation/reads.h"
#include "api/allocation/view.h"
#include "api/common/open_streams.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "stores/ops/tenant_log.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds kPoll{500};
constexpr std::chrono::seconds kComment{15};
constexpr std::chrono::minutes kLongest{30};

struct Start {
  stores::Allocation allocation;
  Json snapshot;
  std::int64_t after = 0;  // number of the last event that the snapshot holds
};

Json EventJson(const stores::LogEntry& entry, const Principal& reader) {
  Json data = Json::parse(entry.data_json, nullptr, /*allow_exceptions=*/false);
  if (data.is_object() && data.contains("error_code")) {
    data["reason"] = CauseFor(reader, data.value("error_code", ""), data.value("reason", ""));
  }
  return {{"sequence", entry.number},
          {"type", entry.type},
          {"resource", entry.resource_id},
          {"operation_id", TextOrNull(entry.operation.str())},
          {"correlation_id", TextOrNull(entry.correlation_id)},
          {"at", JsonOf(entry.at)},
          {"data", data.is_object() ? data : Json::object()}};
}

bool IsEnd(const stores::LogEntry& entry) {
  return entry.type == "allocation.released" || entry.type == "allocation.failed";
}

class Watch {
 public:
  Watch(Services& services, Principal reader, Start start, Time until)
      : services_(services), reader_(std::move(reader)), start_(std::move(start)), until_(until) {}

  void Run(platform::EventStream& stream) {
    if (!start_.snapshot.is_null() && !stream.Send(std::to_string(start_.after), "snapshot", start_.snapshot.dump())) {
      return;
    }
    // Of an allocation that had ended before, only what the reader has missed is left.
    bool ended = domain::IsFinal(start_.allocation.state);
    Time last_sign = services_.clock.Now();
    while (services_.clock.Now() < until_) {
      auto entries = Read();
      if (!entries.ok()) return;  // the reader comes again with its last id
      for (const stores::LogEntry& entry : *entries) {
        if (!stream.Send(std::to_string(entry.number), entry.type, EventJson(entry, reader_).dump())) return;
        start_.after = entry.number;
        last_sign = services_.clock.Now();
        ended = ended || IsEnd(entry);
      }
      if (ended && entries->empty()) {
        stream.Send("", "end", "{}");
        return;
      }
      if (services_.clock.Now() - last_sign >= kComment) {
        if (!stream.Comment("still here")) return;
        last_sign = services_.clock.Now();
      }
      if (entries->empty() && !stream.Wait(kPoll)) return;
    }
  }

 private:
  absl::StatusOr<std::vector<stores::LogEntry>> Read() {
    using Entries = std::vector<stores::LogEntry>;
    const stores::LogFilter filter{.tenant = start_.allocation.tenant,
                                   .after = start_.after,
                                   .resource_kind = "allocation",
                                   .resource_id = start_.allocation.id};
    return services_.database.TransactFor<Entries>(
        platform::TenantScope{start_.allocation.tenant},
        [&](platform::Transaction& tx) { return stores::ReadLog(tx, filter); });
  }

  Services& services_;
  const Principal reader_;
  Start start_;
  const Time until_;
};

}  // namespace

absl::StatusOr<platform::Response> WatchAllocation(Services& services, OpenStreams& streams, const Call& call) {
  const std::string last_id(call.request.Header("Last-Event-ID"));
  GPUAAS_ASSIGN_OR_RETURN(
      Start start, services.database.TransactFor<Start>(
                       call.access.RowScope(), [&](platform::Transaction& tx) -> absl::StatusOr<Start> {
                         Start found;
                         if (last_id.empty()) {
                           // The number first: what happens in between is then sent twice rather than never.
                           GPUAAS_ASSIGN_OR_RETURN(AllocationId id, IdFromPath<AllocationId>(call, "allocation_id"));
                           GPUAAS_ASSIGN_OR_RETURN(stores::Allocation row, stores::GetAllocation(tx, id));
                           GPUAAS_ASSIGN_OR_RETURN(found.after, stores::LastLogNumber(tx, row.tenant));
                         } else {
                           std::from_chars(last_id.data(), last_id.data() + last_id.size(), found.after);
                         }
                         GPUAAS_ASSIGN_OR_RETURN(found.allocation,
                                                 FindAllocation(tx, call, domain::Permission::kAllocationRead));
                         ScopeNames names(call.access, tx);
                         if (last_id.empty()) found.snapshot = AllocationJson(found.allocation, call.access, names);
                         return found;
                       }));
  const Time until = std::min<Time>(call.now + kLongest, call.access.principal.token_expires_at);
  GPUAAS_ASSIGN_OR_RETURN(auto share, streams.Take(call.access.principal));
  platform::Response response;
  response.stream = [share, watch = std::make_shared<Watch>(services, call.access.principal, std::move(start), until)](
                        platform::EventStream& stream) { watch->Run(stream); };
  return response;
}

}  // namespace gpuaas::api
