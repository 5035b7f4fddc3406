#include "temporal/transport/observed_transport.h"

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "temporal/common/metrics.h"

namespace temporal {
namespace {

struct Names {
  std::string_view request;
  std::string_view failure;
  std::string_view latency;
  std::string_view exhausted;
};
constexpr Names kShort{metrics::kRequest, metrics::kRequestFailure, metrics::kRequestLatency,
                       metrics::kRequestResourceExhausted};
constexpr Names kLong{metrics::kLongRequest, metrics::kLongRequestFailure, metrics::kLongRequestLatency,
                      metrics::kLongRequestResourceExhausted};

}  // namespace

ObservedTransport::ObservedTransport(std::shared_ptr<Transport> below, std::string name_space,
                                     std::shared_ptr<Observer> observer)
    : below_(std::move(below)), name_space_(std::move(name_space)), observer_(std::move(observer)) {}

absl::Status ObservedTransport::Call(std::string_view method, const google::protobuf::Message& request,
                                     google::protobuf::Message& response, const CallOptions& options) {
  const Names& names = options.long_poll ? kLong : kShort;
  observer_->Count(names.request, {{"namespace", name_space_}, {"operation", method}}, 1);
  const auto started = std::chrono::steady_clock::now();
  absl::Status status = below_->Call(method, request, response, options);
  observer_->Latency(names.latency, {{"namespace", name_space_}, {"operation", method}},
                     std::chrono::steady_clock::now() - started);
  // A long poll whose time is over just was empty.
  const bool empty = options.long_poll && status.code() == absl::StatusCode::kDeadlineExceeded;
  if (status.ok() || empty) return status;
  const std::string code = absl::StatusCodeToString(status.code());
  observer_->Count(names.failure, {{"namespace", name_space_}, {"operation", method}, {"status_code", code}}, 1);
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    observer_->Count(names.exhausted, {{"namespace", name_space_}, {"operation", method}}, 1);
  }
  return status;
}

}  // namespace temporal
