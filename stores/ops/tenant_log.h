#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"
#include "stores/ops/caller.h"

namespace gpuaas::stores {

// The one log of a tenant: events that consumers are fed from, and audit rows. Numbers are gap-free and follow the
// order of commits, so "everything after number N" never misses a late one.
struct NewLogEntry {
  Caller caller;
  bool audit_only = false;  // a denied privileged read and the like: not shown as an event
  std::string type;         // "allocation.active", as in asyncapi.yaml
  std::string resource_kind;
  std::string resource_id;
  OperationId operation;  // empty: none
  std::string data_json = "{}";
  Time now;
};

struct LogEntry {
  TenantId tenant;
  std::int64_t number = 0;  // from 1
  bool audit_only = false;
  std::string type;
  ProjectId project;
  std::string resource_kind;
  std::string resource_id;
  OperationId operation;
  std::string principal;
  std::string correlation_id;
  Time at;
  std::string data_json;
};

// Appends when the transaction commits: the counter is taken last, so the call itself can't fail and may come anywhere.
void AppendLog(platform::Transaction& tx, NewLogEntry entry);

struct LogFilter {
  TenantId tenant;
  std::int64_t after = 0;     // numbers above it
  ProjectId project;          // empty: any
  std::string resource_kind;  // empty: any
  std::string resource_id;    // empty: any
  bool with_audit = false;
  int limit = 100;
};

// In ascending order of number.
absl::StatusOr<std::vector<LogEntry>> ReadLog(platform::Transaction& tx, const LogFilter& filter);

// The tenant's last number; 0 if nothing was logged.
absl::StatusOr<std::int64_t> LastLogNumber(platform::Transaction& tx, const TenantId& tenant);

}  // namespace gpuaas::stores
