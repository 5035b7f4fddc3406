#pragma once

#include <string>

#include "temporal/activity/interceptor.h"

namespace gpuaas::platform {
class Clock;
class Database;
}  // namespace gpuaas::platform

namespace gpuaas::activities {

class StepRegistry;

// Writes every attempt of every activity to the attempts table: Temporal's history keeps only the last one. A database
// that does not answer holds up no activity: the attempt is then missing from the record, and logged.
//
// A step without a bound of its own that has been failing for 5 minutes raises the ops item `step_stuck` of the flow's
// resource, with its last cause; the next step of the flow that ends without another attempt closes it.
class AttemptsInterceptor final : public temporal::ActivityInterceptor {
 public:
  // `worker` identifies the process. The references must outlive the interceptor.
  AttemptsInterceptor(platform::Database& database, const platform::Clock& clock, const StepRegistry& steps,
                      std::string worker);

  absl::StatusOr<temporal::Payload> Execute(temporal::ActivityContext& context, const temporal::Payloads& input,
                                            const Next& next) override;

 private:
  platform::Database& database_;
  const platform::Clock& clock_;
  const StepRegistry& steps_;
  const std::string worker_;
};

}  // namespace gpuaas::activities
