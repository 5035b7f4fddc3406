#pragma once

#include <string_view>

#include "temporal/common/nothing.h"

// Typed names. One declaration, shared by the side that calls and the side that implements, holds the wire name and the
// types together, so that a mismatch does not compile:
//
//   inline constexpr temporal::ActivityRef<ReserveRequest, Placement> kReserve{"allocation.Reserve"};
//
// Request and result are protobuf messages (shown as readable JSON in Temporal's UI), Nothing, std::string, numbers,
// bool, temporal::Bytes, std::tuple of these (several arguments), or any type nlohmann::json converts. The text must
// outlive the reference; use literals.
namespace temporal {

template <class Request, class Result>
struct ActivityRef {
  using RequestType = Request;
  using ResultType = Result;
  std::string_view name;
  constexpr explicit ActivityRef(std::string_view n) : name(n) {}
};

template <class Request, class Result>
struct WorkflowRef {
  using RequestType = Request;
  using ResultType = Result;
  std::string_view name;
  constexpr explicit WorkflowRef(std::string_view n) : name(n) {}
};

template <class Argument>
struct SignalRef {
  using ArgumentType = Argument;
  std::string_view name;
  constexpr explicit SignalRef(std::string_view n) : name(n) {}
};

template <class Argument, class Result>
struct QueryRef {
  using ArgumentType = Argument;
  using ResultType = Result;
  std::string_view name;
  constexpr explicit QueryRef(std::string_view n) : name(n) {}
};

template <class Argument, class Result>
struct UpdateRef {
  using ArgumentType = Argument;
  using ResultType = Result;
  std::string_view name;
  constexpr explicit UpdateRef(std::string_view n) : name(n) {}
};

}  // namespace temporal
