#include "cli/core/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <system_error>
#include <utility>

namespace gpuaas::cli {
namespace {

constexpr std::size_t kBodySize = 26;
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, change});
    }
  }
  return row.back();
}

}  // namespace

std::string NewId(std::string_view prefix) {
  std::array<std::uint8_t, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(now.count() >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0F));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3F));
  std::string body;
  std::uint32_t bits = 0;
  int have = 2;  // 130 bits in 26 characters: two leading zeros
  for (std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    for (have += 8; have >= 5; have -= 5) body += kAlphabet[(bits >> (have - 5)) & 31];
  }
  return std::string(prefix) + "_" + body;
}

bool IsWholeId(std::string_view text, std::string_view prefix) {
  return text.size() == prefix.size() + 1 + kBodySize && text.starts_with(prefix) && text[prefix.size()] == '_' &&
         std::ranges::all_of(text.substr(prefix.size() + 1), [](unsigned char c) { return std::isalnum(c) != 0; });
}

bool MatchesId(std::string_view typed, std::string_view id) {
  if (typed.empty()) return false;
  const std::size_t body = id.find('_') + 1;  // 0 where there is no prefix
  return SameIgnoringCase(typed, id.substr(0, typed.size())) ||
         (typed.size() <= id.size() - body && SameIgnoringCase(typed, id.substr(body, typed.size())));
}

std::vector<std::string> Suggest(std::string_view typed, const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : known) {
    const std::size_t distance = Distance(typed, candidate);
    const bool begins = typed.size() >= 2 && candidate.starts_with(typed);
    if (begins || distance <= std::max<std::size_t>(1, std::min(typed.size(), candidate.size()) / 3)) {
      near.emplace_back(begins ? 0 : distance, candidate);
    }
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (auto& [distance, name] : near) {
    if (names.size() < 3) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace gpuaas::cli
