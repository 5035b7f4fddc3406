#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gpuaas::cli {

enum class Style { kPlain, kBold, kDim, kGood, kBad, kBusy };

// What a stream can show.
struct Terminal {
  bool is_tty = false;
  bool color = false;
  std::size_t width = 0;  // columns; 0: no limit (not a terminal)

  // `text` in that style, or bare where the stream has no colour.
  std::string Paint(Style style, std::string_view text) const;
};

// Looks at the descriptor, NO_COLOR, CLICOLOR_FORCE, TERM=dumb, and COLUMNS.
Terminal DescribeTerminal(int fd);

// The style in which a state's name is shown: active and ok good, failed bad, requested and provisioning busy.
Style StyleOfState(std::string_view state);

}  // namespace gpuaas::cli
