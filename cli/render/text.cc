#include "cli/render/text.h"

#include <cstdint>

namespace gpuaas::cli {
namespace {

struct Decoded {
  char32_t point;
  std::size_t size;  // bytes taken; at least one
};

constexpr char32_t kReplacement = 0xFFFD;

Decoded DecodeAt(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + size > text.size()) return {kReplacement, 1};
  char32_t point = first & (0xFF >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kReplacement, 1};
    point = (point << 6) | (byte(i) & 0x3F);
  }
  const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (overlong || surrogate || point > 0x10FFFF) return {kReplacement, 1};
  return {point, size};
}

// Direction overrides reorder what is read: a name could pose as another one.
bool IsBidiControl(char32_t point) {
  return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

std::size_t PointWidth(char32_t point) {
  if ((point >= 0x300 && point <= 0x36F) || point == 0x200B || point == 0x200D ||
      (point >= 0xFE00 && point <= 0xFE0F)) {
    return 0;
  }
  const bool wide = (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
                    (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
                    (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
                    (point >= 0x1F300 && point <= 0x1FAFF) || (point >= 0x20000 && point <= 0x3FFFD);
  return wide ? 2 : 1;
}

// Where the escape sequence that starts at `at` (ESC or a C1 introducer of `intro` bytes) ends.
std::size_t SkipEscape(std::string_view text, std::size_t at, std::size_t intro, bool is_csi, bool is_string) {
  std::size_t i = at + intro;
  if (is_csi) {
    while (i < text.size() && !(text[i] >= '@' && text[i] <= '~')) ++i;
    return i < text.size() ? i + 1 : i;
  }
  if (!is_string) return i;
  while (i < text.size()) {  // up to BEL or the string terminator
    if (text[i] == '\a') return i + 1;
    if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '\\') return i + 2;
    if (text[i] == '\xC2' && i + 1 < text.size() && text[i + 1] == '\x9C') return i + 2;
    ++i;
  }
  return i;
}

std::size_t SkipControl(std::string_view text, std::size_t at, char32_t point) {
  if (point == 0x1B) {
    if (at + 1 >= text.size()) return at + 1;
    const char kind = text[at + 1];
    const bool is_string = kind == ']' || kind == 'P' || kind == '_' || kind == '^' || kind == 'X';
    if (kind == '[' || is_string) return SkipEscape(text, at, 2, kind == '[', is_string);
    std::size_t i = at + 1;
    while (i < text.size() && text[i] >= ' ' && text[i] <= '/') ++i;
    return i < text.size() && static_cast<unsigned char>(text[i]) < 0x80 ? i + 1 : i;
  }
  const bool is_string = point == 0x9D || point == 0x90 || point == 0x9E || point == 0x9F || point == 0x98;
  return SkipEscape(text, at, point < 0x80 ? 1 : 2, point == 0x9B, is_string);
}

}  // namespace

std::string Printable(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto [point, size] = DecodeAt(text, at);
    if (point == '\n' || point == '\t') {
      out += keep_lines ? static_cast<char>(point) : ' ';
      at += size;
    } else if (point < 0x20 || (point >= 0x7F && point <= 0x9F)) {
      at = SkipControl(text, at, point);
    } else if (IsBidiControl(point)) {
      at += size;
    } else if (point == kReplacement) {
      out += "\xEF\xBF\xBD";
      at += size;
    } else {
      out.append(text, at, size);
      at += size;
    }
  }
  return out;
}

std::size_t Width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto [point, size] = DecodeAt(text, at);
    width += PointWidth(point);
    at += size;
  }
  return width;
}

std::string Truncate(std::string_view text, std::size_t width) {
  if (Width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t taken = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto [point, size] = DecodeAt(text, at);
    if (taken + PointWidth(point) > width - 1) break;
    taken += PointWidth(point);
    at += size;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string Pad(std::string text, std::size_t width) {
  const std::size_t has = Width(text);
  if (has < width) text.append(width - has, ' ');
  return text;
}

}  // namespace gpuaas::cli
