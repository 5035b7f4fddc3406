#pragma once

#include <string>
#include <vector>

#include "cli/render/json.h"
#include "cli/render/terminal.h"
#include "cli/render/time.h"

namespace gpuaas::cli {

// What a durable history's steps look like. Rows are steps in the server's order; attempts fold under their step; a
// cause is said once.

// "allocation.OpenUsage" -> "open-usage".
std::string StepName(std::string_view name);

// One row of the picture, and of --watch.
struct StepRow {
  std::string number;
  std::string name;
  std::string status;
  std::string tries;
  std::string start;
  std::string took;
  std::string detail;
};

// Numbers the steps from 1 in their order; the timers beside them have none.
class StepCounter {
 public:
  std::size_t Next(const Json& step);  // 0 for a timer

 private:
  std::size_t last_ = 0;
};

// The rows of a step: its own, then those that its attempts and cause need. None for a timer that was called off: what
// it guarded has ended in time.
std::vector<StepRow> StepRows(const Json& step, std::size_t number, const Terminal& terminal, TimePoint now);

// Aligned lines, the first a header if wanted.
std::string StepTable(const std::vector<StepRow>& rows, bool headers, const Terminal& terminal);

// The whole picture: a line about the resource (`title`, may be empty), the steps, the result, and what to do next
// (`next`, may be empty).
std::string HistoryPicture(std::string_view title, const Json& history, std::string_view next, const Terminal& terminal,
                           TimePoint now);

// "alloc_...  train-7b  ACTIVE  8 x h200-sxm-8x  <time>  14m  op_..."
std::string AllocationTitle(const Json& allocation, const Terminal& terminal, TimePoint now);

// Why a history has no steps yet.
std::string WhyEmpty(const Json& history);

// Whether a step has ended, in whatever way.
bool IsOver(const Json& step);

}  // namespace gpuaas::cli
