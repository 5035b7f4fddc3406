#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "temporal/activity/activity_context.h"
#include "temporal/common/refs.h"

namespace temporal {

// The activities a worker can run, by wire name. Filled before the worker starts, then only read.
class ActivityRegistry {
 public:
  using Function = std::function<absl::StatusOr<Payload>(ActivityContext&, const Payloads&)>;

  // `function` is called as absl::StatusOr<Result>(ActivityContext&, Request), or absl::Status where Result is Nothing;
  // from several threads at once. An exception that leaves it fails the attempt as kInternal. The same name twice is a
  // programming error and aborts.
  template <class Request, class Result, class F>
  void Add(const ActivityRef<Request, Result>& ref, F function) {
    AddUntyped(
        ref.name,
        [function = std::move(function)](ActivityContext& context, const Payloads& input) -> absl::StatusOr<Payload> {
          auto request = FromPayloads<Request>(input);
          if (!request.ok()) return request.status();
          absl::StatusOr<Result> result = Call<Result>(function, context, *std::move(request));
          if (!result.ok()) return result.status();
          return ToPayload(*result);
        });
  }

  void AddUntyped(std::string_view name, Function function);

  // Null if there is none of that name.
  const Function* Find(std::string_view name) const;
  std::vector<std::string> Names() const;
  bool empty() const { return functions_.empty(); }

 private:
  template <class Result, class F, class Request>
  static absl::StatusOr<Result> Call(const F& function, ActivityContext& context, Request request) {
    if constexpr (std::is_same_v<std::invoke_result_t<const F&, ActivityContext&, Request>, absl::Status>) {
      static_assert(std::is_same_v<Result, Nothing>, "only an activity without a result may return absl::Status");
      absl::Status status = function(context, std::move(request));
      if (!status.ok()) return status;
      return Nothing{};
    } else {
      return function(context, std::move(request));
    }
  }

  std::map<std::string, Function, std::less<>> functions_;
};

}  // namespace temporal
