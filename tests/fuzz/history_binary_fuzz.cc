#include <cstddef>
#include <cstdint>

#include "tests/fuzz/workflows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  temporal::api::history::v1::History history;
  if (history.ParseFromArray(data, static_cast<int>(size))) temporal::fuzz::ReplayAs(std::move(history));
  return 0;
}
