#pragma once

#include <string>

#include "domain/ids.h"

namespace gpuaas::stores {

// On whose behalf rows are written.
struct Caller {
  TenantId tenant;
  ProjectId project;           // empty: none
  std::string principal;       // "usr_...", or "system" for the worker's own doing
  std::string correlation_id;  // "corr_..." or what the caller sent
};

}  // namespace gpuaas::stores
