-- A GPU is itself wherever it shows up: a machine that is enrolled a second time while its former node still holds an
-- allocation must not get its GPUs assigned again. So the live assignment is unique by GPU, not by (node, GPU).
CREATE UNIQUE INDEX gpu_assignments_live_gpu ON gpu_assignments (gpu_uuid) WHERE released_at IS NULL;
DROP INDEX gpu_assignments_live;
CREATE INDEX gpu_assignments_node ON gpu_assignments (node_id) WHERE released_at IS NULL;
