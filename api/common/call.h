#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "api/common/access.h"
#include "domain/ids.h"
#include "domain/time.h"
#include "platform/http/message.h"

namespace gpuaas::platform {
struct Operation;
}

namespace gpuaas::api {

// A request that was let in: authenticated, authorized for its operation and valid by the contract.
struct Call {
  const platform::Request& request;
  const platform::Operation& operation;
  Time now;
  Access access;                // for operations with a bearer token
  NodeId node;                  // for operations with a client certificate
  nlohmann::json body;          // an object; empty if none was sent where none is needed
  std::string idempotency_key;  // for operations that take one

  const std::string& Path(const std::string& name) const { return request.params.at(name); }
  // Empty if it was not given.
  std::string Query(const std::string& name) const;
  int Limit() const;  // of the page, the contract's default without one
  const std::string& correlation_id() const { return request.correlation_id; }
};

using CallHandler = std::function<absl::StatusOr<platform::Response>(Call&)>;

// JSON values as the contract writes them.
nlohmann::json JsonOf(Time time);
nlohmann::json JsonOf(const std::optional<Time>& time);
nlohmann::json TextOrNull(const std::string& text);
// {items, next_cursor}.
platform::Response Page(nlohmann::json items, const std::string& next_cursor);
platform::Response JsonResponse(int status, const nlohmann::json& body);

// The id in a path or cursor; kNotFound (cursor: kInvalidArgument) for text that is none.
template <typename IdType>
absl::StatusOr<IdType> IdFromPath(const Call& call, const std::string& name) {
  if (auto id = IdType::Parse(call.Path(name))) return *id;
  return MakeError(ErrorCode::kNotFound, "no such resource");
}
template <typename IdType>
absl::StatusOr<IdType> IdFromCursor(const Call& call) {
  std::string cursor = call.Query("cursor");
  if (cursor.empty()) return IdType();
  if (auto id = IdType::Parse(cursor)) return *id;
  return MakeError(ErrorCode::kInvalidArgument, "the cursor is not one of ours",
                   R"({"fields":[{"field":"cursor","problem":"is not one of ours"}]})");
}

}  // namespace gpuaas::api
