#pragma once

#include <string>
#include <vector>

#include "domain/catalog/sku.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

// The catalog is readable in every scope and written in the system scope.
namespace gpuaas::stores {

// All SKUs by name; with a `region` only those offered there.
absl::StatusOr<std::vector<domain::Sku>> ListSkus(platform::Transaction& tx, const std::string& region = {});

// kUnknownSku.
absl::StatusOr<domain::Sku> GetSku(platform::Transaction& tx, const std::string& name);

// Makes the SKU and its offers exactly as given (offers in other regions are withdrawn).
absl::Status PutSku(platform::Transaction& tx, const domain::Sku& sku, Time now);

// Free and present GPUs of schedulable nodes per region for a model. System scope.
struct Availability {
  std::string region;
  std::string gpu_model;
  int total = 0;
  int free = 0;
  int largest_free_on_one_node = 0;
};
absl::StatusOr<std::vector<Availability>> GetAvailability(platform::Transaction& tx);

}  // namespace gpuaas::stores
