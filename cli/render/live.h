#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "cli/render/terminal.h"

namespace gpuaas::cli {

// Lines at the bottom of a terminal that are drawn over; what stands above them stays. No alternate screen. Does
// nothing on a stream that is not a terminal.
class LiveBlock {
 public:
  LiveBlock(std::ostream& stream, const Terminal& terminal) : stream_(stream), terminal_(terminal) {}
  ~LiveBlock() { Clear(); }

  // Replaces the block; each line is cut to the terminal's width so that it stays one line.
  void Draw(std::string_view lines);
  // Takes the block away, so that something permanent can be written.
  void Clear();

 private:
  std::ostream& stream_;
  const Terminal terminal_;
  std::size_t drawn_ = 0;
};

}  // namespace gpuaas::cli
