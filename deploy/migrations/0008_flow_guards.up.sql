-- The workflow execution that drives an allocation, by the run id of its first run; '' until one was admitted.
ALTER TABLE allocations ADD COLUMN execution text COLLATE "C" NOT NULL DEFAULT '';

-- The last heartbeat that named the sandbox as running: what a dark node is billed up to.
ALTER TABLE usage_intervals ADD COLUMN proven_at timestamptz;
