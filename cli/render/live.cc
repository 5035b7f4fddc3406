#include "cli/render/live.h"

#include "cli/render/text.h"

namespace gpuaas::cli {

void LiveBlock::Draw(std::string_view lines) {
  if (!terminal_.is_tty) return;
  Clear();
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    stream_ << Truncate(lines.substr(0, end), terminal_.width > 1 ? terminal_.width - 1 : 79) << '\n';
    ++drawn_;
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
  }
  stream_ << std::flush;
}

void LiveBlock::Clear() {
  if (drawn_ == 0) return;
  stream_ << "\x1b[" << drawn_ << "A\x1b[J" << std::flush;
  drawn_ = 0;
}

}  // namespace gpuaas::cli
