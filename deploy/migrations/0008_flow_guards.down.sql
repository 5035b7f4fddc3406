ALTER TABLE usage_intervals DROP COLUMN proven_at;
ALTER TABLE allocations DROP COLUMN execution;
