#include "tests/conformance/kitchen_sink/activities.h"

#include "kitchen_sink.pb.h"
#include "temporal/common/failure.h"
#include "temporal/common/proto.h"
#include "tests/conformance/kitchen_sink/client_actions.h"

namespace temporal::kitchen_sink {
namespace {

namespace proto = omes::kitchen_sink;
using google::protobuf::Duration;

constexpr ActivityRef<Nothing, Nothing> kNoop{"noop"};
constexpr ActivityRef<Duration, Nothing> kDelay{"delay"};
constexpr ActivityRef<proto::ResourcesActivity, Nothing> kResources{"resources"};
constexpr ActivityRef<std::tuple<Bytes, int32_t>, Bytes> kPayload{"payload"};
constexpr ActivityRef<proto::ClientActivity, Nothing> kClient{"client"};
constexpr ActivityRef<proto::RetryableErrorActivity, Nothing> kRetryableError{"retryable_error"};
constexpr ActivityRef<proto::TimeoutActivity, Nothing> kTimeout{"timeout"};
constexpr ActivityRef<proto::HeartbeatTimeoutActivity, Nothing> kHeartbeat{"heartbeat"};

absl::Status SleepFor(ActivityContext& context, temporal::Duration duration) {
  return context.Sleep(duration) ? absl::OkStatus() : context.Cancelled();
}

// Holds the memory and keeps a core busy, with a pause every so many turns.
absl::Status Resources(ActivityContext& context, const proto::ResourcesActivity& wanted) {
  const std::string memory(wanted.bytes_to_allocate(), 'x');
  const auto end = std::chrono::steady_clock::now() + FromProto(wanted.run_for());
  const std::chrono::milliseconds pause(wanted.cpu_yield_for_ms());
  for (uint64_t turn = 1; std::chrono::steady_clock::now() < end; ++turn) {
    if (context.cancelled()) return context.Cancelled();
    const uint32_t every = wanted.cpu_yield_every_n_iterations();
    if (every != 0 && turn % every == 0 && !context.Sleep(pause)) return context.Cancelled();
  }
  return memory.size() == wanted.bytes_to_allocate() ? absl::OkStatus() : absl::InternalError("memory was lost");
}

absl::Status Timeout(ActivityContext& context, const proto::TimeoutActivity& config) {
  const bool fails = context.info().attempt <= config.fail_attempts();
  return SleepFor(context, FromProto(fails ? config.failure_duration() : config.success_duration()));
}

absl::Status Heartbeat(ActivityContext& context, const proto::HeartbeatTimeoutActivity& config) {
  if (context.info().attempt <= config.fail_attempts()) return SleepFor(context, FromProto(config.failure_duration()));
  const temporal::Duration whole = FromProto(config.success_duration());
  const temporal::Duration interval = FromProto(config.heartbeat_interval());
  if (interval <= temporal::Duration(0)) {
    const absl::Status slept = SleepFor(context, whole);
    context.Heartbeat();
    return slept;
  }
  for (temporal::Duration left = whole; left > temporal::Duration(0); left -= interval) {
    context.Heartbeat();
    if (const absl::Status slept = SleepFor(context, std::min(left, interval)); !slept.ok()) return slept;
  }
  return absl::OkStatus();
}

}  // namespace

void AddActivities(ActivityRegistry& registry, std::shared_ptr<Client> client) {
  registry.Add(kNoop, [](ActivityContext&, Nothing) { return absl::OkStatus(); });
  registry.Add(kDelay, [](ActivityContext& context, const Duration& duration) {
    return SleepFor(context, FromProto(duration));
  });
  registry.Add(kResources, Resources);
  registry.Add(kPayload, [](ActivityContext&, const std::tuple<Bytes, int32_t>& arguments) -> absl::StatusOr<Bytes> {
    if (std::get<1>(arguments) < 0) return absl::InvalidArgumentError("a negative number of bytes");
    return Bytes{std::string(std::get<1>(arguments), 'x')};
  });
  registry.Add(kClient, [client](ActivityContext& context, const proto::ClientActivity& activity) {
    return RunClientActions(*client, context, activity.client_sequence());
  });
  registry.Add(kRetryableError, [](ActivityContext& context, const proto::RetryableErrorActivity& config) {
    if (context.info().attempt > config.fail_attempts()) return absl::OkStatus();
    FailureAttributes attributes;
    attributes.type = "RetryableError";
    return ApplicationError(absl::StatusCode::kUnknown, "retryable error", attributes);
  });
  registry.Add(kTimeout, Timeout);
  registry.Add(kHeartbeat, Heartbeat);
}

}  // namespace temporal::kitchen_sink
