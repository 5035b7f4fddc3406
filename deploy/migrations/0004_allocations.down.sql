DROP TABLE usage_intervals, gpu_assignments, allocations;
