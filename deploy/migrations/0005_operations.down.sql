DROP TABLE ops_items, tenant_log, tenant_counters, attempts, outbox, idempotency_records, operations;
