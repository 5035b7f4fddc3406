#include "domain/ids.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstdlib>

namespace gpuaas {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kTextLength = 26;
constexpr int kBitsPerCharacter = 5;

using Uint128 = unsigned __int128;

std::optional<Uint128> Decode(std::string_view text) {
  if (text.size() != kTextLength || text[0] > '7') return std::nullopt;  // 26 x 5 bits hold two more than 128
  Uint128 value = 0;
  for (char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << kBitsPerCharacter | digit;
  }
  return value;
}

std::string Encode(Uint128 value) {
  std::string text(kTextLength, '0');
  for (std::size_t i = kTextLength; i-- > 0; value >>= kBitsPerCharacter) {
    text[i] = kAlphabet[static_cast<std::size_t>(value & 31)];
  }
  return text;
}

constexpr int kVersionShift =
    76;  // RFC 9562: 48 bits of milliseconds, 4 of version, 12 random, 2 of variant, 62 random
constexpr int kVariantShift = 62;
constexpr int kTimeShift = 80;

}  // namespace

std::string NewUlidText(Time now) {
  std::array<std::uint64_t, 2> random;
  if (getrandom(random.data(), sizeof random, 0) != sizeof random) std::abort();  // can't happen once the system is up
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  Uint128 value = static_cast<Uint128>(static_cast<std::uint64_t>(milliseconds)) << kTimeShift;
  value |= static_cast<Uint128>(0x7000 | (random[0] & 0x0FFF)) << (kVersionShift - 12);
  value |= static_cast<Uint128>(0b10) << kVariantShift;
  value |= random[1] >> 2;
  return Encode(value);
}

bool IsUlidText(std::string_view text) {
  const auto value = Decode(text);
  return value && (*value >> kVersionShift & 0xF) == 7 && (*value >> kVariantShift & 0b11) == 0b10;
}

std::optional<Time> TimeOfUlidText(std::string_view text) {
  if (!IsUlidText(text)) return std::nullopt;
  return Time(std::chrono::milliseconds(static_cast<std::int64_t>(*Decode(text) >> kTimeShift)));
}

}  // namespace gpuaas
