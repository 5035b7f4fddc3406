#pragma once

#include "domain/status.h"
#include "platform/postgres/database.h"

namespace gpuaas::stores {

// What the dev stack and its tests begin with: tenants `acme` (project ml-research) and `globex` (project research),
// users dev-user and other-user (their project admins) and ops-user (platform admin), password `dev123` each, and the
// SKUs offered in us-buffalo-1. Safe to repeat and to run twice at once.
absl::Status SeedDev(platform::Database& database, Time now);

}  // namespace gpuaas::stores
