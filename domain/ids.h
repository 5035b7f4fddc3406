#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "domain/time.h"

namespace gpuaas {

// Ids read `<prefix><26 characters of Crockford base32>`: the 128 bits of a UUIDv7 in upper case, so that ids sort by
// creation (to the millisecond) and never need escaping.

// The text of a new UUIDv7 made at `now`, without a prefix. Random bits come from the system's generator. Thread-safe.
std::string NewUlidText(Time now);

// True for 26 Crockford characters whose value is a version 7 UUID.
bool IsUlidText(std::string_view text);

// The moment kept inside such a text (milliseconds); nothing if it is not one.
std::optional<Time> TimeOfUlidText(std::string_view text);

namespace internal {
template <std::size_t N>
struct Prefix {
  char text[N]{};
  constexpr Prefix(const char (&from)[N]) { std::copy_n(from, N, text); }  // NOLINT: meant to be implicit
  constexpr std::string_view view() const { return {text, N - 1}; }
};
}  // namespace internal

// A strong id: text that can't be mistaken for another kind's. An empty one means "none". Reads as a string everywhere;
// is made from a string explicitly, or by Parse where the text comes from outside.
template <internal::Prefix kPrefixText>
class Id {
 public:
  static constexpr std::string_view kPrefix = kPrefixText.view();

  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}  // trusted text: our own rows and messages

  static Id New(Time now) { return Id(std::string(kPrefix) + NewUlidText(now)); }

  // Nothing unless `text` has the prefix and a valid rest.
  static std::optional<Id> Parse(std::string_view text) {
    if (!text.starts_with(kPrefix) || !IsUlidText(text.substr(kPrefix.size()))) return std::nullopt;
    return Id(std::string(text));
  }

  const std::string& str() const { return text_; }
  operator const std::string&() const { return text_; }  // NOLINT: meant to be implicit
  bool empty() const { return text_.empty(); }

  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Id& id) { return out << id.text_; }

 private:
  std::string text_;
};

using AllocationId = Id<"alloc_">;
using OperationId = Id<"op_">;
using NodeId = Id<"node_">;
using SshKeyId = Id<"key_">;
using TenantId = Id<"tnt_">;
using ProjectId = Id<"prj_">;
using UserId = Id<"usr_">;
using CorrelationId = Id<"corr_">;
using EventId = Id<"evt_">;
using EnrolmentId = Id<"enr_">;
using OpsItemId = Id<"item_">;
using UsageIntervalId = Id<"use_">;

// The tenant of what belongs to no customer (nodes, catalog, operators). Made by the first migration, name "platform".
// Its rest is deliberately no UUIDv7: Parse refuses it, so no request can name it by id.
inline constexpr std::string_view kPlatformTenantId = "tnt_00000000000000000000000000";
inline TenantId PlatformTenant() { return TenantId(std::string(kPlatformTenantId)); }

}  // namespace gpuaas

template <gpuaas::internal::Prefix kPrefixText>
struct std::hash<gpuaas::Id<kPrefixText>> {
  std::size_t operator()(const gpuaas::Id<kPrefixText>& id) const { return std::hash<std::string>()(id.str()); }
};
