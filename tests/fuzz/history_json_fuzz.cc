#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/workflows.h"

// A history as tools write it: whatever it is, it is read or refused, and replays or does not.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto history = temporal::testing::ParseHistoryJson({reinterpret_cast<const char*>(data), size});
  if (history.ok()) temporal::fuzz::ReplayAs(*std::move(history));
  return 0;
}
