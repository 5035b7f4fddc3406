CREATE UNIQUE INDEX gpu_assignments_live ON gpu_assignments (node_id, gpu_uuid) WHERE released_at IS NULL;
DROP INDEX gpu_assignments_live_gpu, gpu_assignments_node;
