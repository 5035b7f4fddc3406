#include <memory>
#include <string>

#include "cli/commands/groups.h"
#include "cli/commands/support.h"

namespace gpuaas::cli {
namespace {

std::string GpuRange(const Json& sku) {
  const std::string least = TextAt(sku, "min_gpus"), most = TextAt(sku, "max_gpus");
  return least == most ? least : least + "-" + most;
}

const Columns kSku = {{"name", "name"},
                      {"gpu", "gpu_model"},
                      {"memory_gib", "gpu_memory_gib"},
                      {"gpus", "", Column::Kind::kText, false, GpuRange},
                      {"cpus_per_gpu", "cpus_per_gpu", Column::Kind::kText, true},
                      {"memory_gib_per_gpu", "memory_gib_per_gpu", Column::Kind::kText, true},
                      {"regions", "regions"},
                      {"description", "description"}};

}  // namespace

void AddCatalog(CLI::App& root, Invocation& run) {
  CLI::App* catalog = AddGroup(root, "catalog", "What can be allocated, and where");

  auto region = std::make_shared<std::string>();
  CLI::App* list =
      AddCommand(*catalog, run, "list", "List SKUs", "  gpuaas catalog list --region us-buffalo-1", [&run, region] {
        const Listing skus = ListOnePage(run.session(), "/api/v1/catalog/skus", {{"region", *region}});
        return ShowItems(run, skus.items, skus.next_cursor, kSku, "SKUs");
      });
  list->add_option("--region", *region, "Only those offered there")->type_name("REGION");

  auto name = std::make_shared<std::string>();
  CLI::App* get = AddCommand(*catalog, run, "get", "Show one SKU", "  gpuaas catalog get h200-sxm-slice", [&run, name] {
    run.output().Object(run.session().Get("/api/v1/catalog/skus/" + platform::PercentEncode(*name)), kSku);
    return ExitCode::kDone;
  });
  get->add_option("sku", *name, "Its name")->required()->type_name(kSkuName);
}

}  // namespace gpuaas::cli
