#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "temporal/common/activity_options.h"
#include "temporal/common/local_activity_options.h"
#include "temporal/common/refs.h"
#include "temporal/common/retry_policy.h"
#include "temporal/common/time.h"
#include "temporal/common/versioning.h"
#include "temporal/converter/payload.h"

// How workflows run things. Option types have constructors on purpose (see common/retry_policy.h).
namespace temporal {

// An activity reference together with the options a flow runs it with, so that a flow reads `ctx.Execute(kPlace,
// request)`. Usable wherever the reference is, for example in ActivityRegistry::Add.
//   inline const temporal::Step<PlaceRequest, Placement> kPlace{"allocation.Place", temporal::ActivityOptions(30s)};
template <class Request, class Result>
struct Step : ActivityRef<Request, Result> {
  Step(std::string_view name, ActivityOptions step_options)
      : ActivityRef<Request, Result>(name), options(std::move(step_options)) {}
  Step(const ActivityRef<Request, Result>& ref, ActivityOptions step_options)
      : ActivityRef<Request, Result>(ref), options(std::move(step_options)) {}
  ActivityOptions options;
};

// What happens to a child when its parent closes. The numbers are the wire's.
enum class ParentClosePolicy { kTerminate = 1, kAbandon = 2, kRequestCancel = 3 };

// What a workflow does with a running child when its scope is cancelled.
enum class ChildCancellation {
  kAbandon,        // do not ask, go on at once
  kTryCancel,      // ask, and go on at once
  kWaitCompleted,  // ask, and wait for how the child ends
  kWaitRequested,  // ask, and wait until the request has reached the child
};

// Which earlier runs allow the same workflow id again. The numbers are the wire's.
enum class WorkflowIdReuse { kAllowDuplicate = 1, kAllowDuplicateFailedOnly = 2, kRejectDuplicate = 3 };

// Encoded values by name: memo, search attributes, headers.
using PayloadMap = std::map<std::string, Payload>;

struct ChildOptions {
  ChildOptions() {}
  explicit ChildOptions(std::string id) : workflow_id(std::move(id)) {}

  std::string workflow_id;  // empty: a deterministic UUID
  std::string task_queue;   // empty: the parent's
  Duration execution_timeout{0};
  Duration run_timeout{0};
  Duration task_timeout{0};
  ParentClosePolicy parent_close_policy = ParentClosePolicy::kTerminate;
  ChildCancellation cancellation = ChildCancellation::kWaitCompleted;
  WorkflowIdReuse id_reuse = WorkflowIdReuse::kAllowDuplicate;
  std::optional<RetryPolicy> retry_policy;
  std::string cron_schedule;
  PayloadMap memo;
  PayloadMap search_attributes;
  PayloadMap headers;
  std::string summary;  // one line shown in Temporal's UI
  std::string details;  // more of it, several lines of Markdown
  // In the place of what the child's workers say. Not every server knows it. (A child of a pinned run is pinned with
  // it anyhow, where the version has workers for its task queue.)
  std::optional<VersioningOverride> versioning_override;

  ChildOptions& WithSummary(std::string text) {
    summary = std::move(text);
    return *this;
  }
  ChildOptions& WithParentClosePolicy(ParentClosePolicy p) {
    parent_close_policy = p;
    return *this;
  }
  ChildOptions& WithCancellation(ChildCancellation c) {
    cancellation = c;
    return *this;
  }
  ChildOptions& WithTaskQueue(std::string queue) {
    task_queue = std::move(queue);
    return *this;
  }
  ChildOptions& WithRunTimeout(Duration d) {
    run_timeout = d;
    return *this;
  }
  ChildOptions& WithExecutionTimeout(Duration d) {
    execution_timeout = d;
    return *this;
  }
  ChildOptions& WithRetry(RetryPolicy policy) {
    retry_policy = std::move(policy);
    return *this;
  }
  ChildOptions& WithIdReuse(WorkflowIdReuse reuse) {
    id_reuse = reuse;
    return *this;
  }
};

// What people are told about a handler of signals, queries or updates.
struct HandlerOptions {
  HandlerOptions() {}
  explicit HandlerOptions(std::string text) : description(std::move(text)) {}

  std::string description;  // its first line is taken for a summary
};

// With which version the first task of the next run begins; afterwards what its workers say counts. An override of the
// run goes over to the next one all the same. The numbers are the wire's.
enum class ContinueAsNewVersioningBehavior {
  kUnspecified = 0,       // a pinned run's next one begins with the same version
  kAutoUpgrade = 1,       // with the one that new runs get now
  kUseRampingVersion = 2  // with the ramping one, if there is one
};

// What differs in the new run; everything left empty is as in this run.
struct ContinueAsNewOptions {
  ContinueAsNewOptions() {}

  std::string workflow_type;
  std::string task_queue;
  Duration run_timeout{0};
  Duration task_timeout{0};
  std::optional<RetryPolicy> retry_policy;
  PayloadMap memo;
  PayloadMap search_attributes;
  PayloadMap headers;
  // So that long chains of pinned runs move on: see Context::target_deployment_version_changed. Servers before 1.30
  // do not know it.
  ContinueAsNewVersioningBehavior initial_versioning_behavior = ContinueAsNewVersioningBehavior::kUnspecified;
};

}  // namespace temporal
