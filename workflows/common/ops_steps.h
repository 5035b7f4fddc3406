#pragma once

#include "gpuaas/flow/v1/allocation.pb.h"
#include "workflows/common/step.h"

// Steps that any flow takes when a wait has passed its bound. Implemented in activities/ops.
namespace gpuaas::workflows::steps {

// Opens the ops item of (resource, kind); one that is open already stays as it is.
inline const temporal::Step<flow::v1::OpsItemRequest, flow::v1::Done> kRaiseItem{"ops.RaiseItem", InDatabase()};

// Closes it; none open is success.
inline const temporal::Step<flow::v1::OpsItemRequest, flow::v1::Done> kResolveItem{"ops.ResolveItem", InDatabase()};

}  // namespace gpuaas::workflows::steps
