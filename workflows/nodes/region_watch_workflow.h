#pragma once

namespace temporal {
class WorkflowRegistry;
}

namespace gpuaas::workflows {

// `region-watch/<region>`: one sweeping activity after the other, without end; continues as new when its history is
// long.
void RegisterRegionWatch(temporal::WorkflowRegistry& registry);

}  // namespace gpuaas::workflows
