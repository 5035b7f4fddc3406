#include "temporal/transport/error_details.h"

#include <algorithm>

#include "temporal/api/errordetails/v1/message.pb.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/common/strings.h"

namespace temporal {

namespace {

using api::errordetails::v1::MultiOperationExecutionFailure;
// A google.rpc.Status in all but name.
using RpcStatus = MultiOperationExecutionFailure::OperationStatus;

absl::Status ToStatus(const RpcStatus& rpc);

// What the operation that went wrong says; the others say only that they were not done.
std::optional<absl::Status> Culprit(const google::protobuf::Any& detail) {
  MultiOperationExecutionFailure several;
  if (!detail.UnpackTo(&several)) return std::nullopt;
  for (const RpcStatus& each : several.statuses()) {
    const bool only_aborted = std::ranges::any_of(each.details(), [](const google::protobuf::Any& any) {
      return any.Is<api::failure::v1::MultiOperationExecutionAborted>();
    });
    if (each.code() != 0 && !only_aborted) return ToStatus(each);
  }
  return std::nullopt;
}

absl::Status ToStatus(const RpcStatus& rpc) {
  absl::Status status(static_cast<absl::StatusCode>(rpc.code()), rpc.message());
  for (const google::protobuf::Any& detail : rpc.details()) {
    if (auto culprit = Culprit(detail)) return *std::move(culprit);
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

}  // namespace

absl::Status WithErrorDetails(absl::StatusCode code, std::string_view message, std::string_view details) {
  RpcStatus rpc;
  // Details that cannot be read are dropped: code and message are what counts.
  if (!rpc.ParseFromArray(details.data(), static_cast<int>(details.size()))) rpc.Clear();
  rpc.set_code(static_cast<int>(code));
  rpc.set_message(ToAbsl(message).data(), message.size());
  return ToStatus(rpc);
}

}  // namespace temporal
