-- Accepted mutations and their idempotency, what is to be told to Temporal, attempts of steps, the tenants' log, and what
-- needs an operator.

CREATE TABLE operations (
  id             text COLLATE "C" PRIMARY KEY,
  tenant_id      text COLLATE "C" NOT NULL REFERENCES tenants,
  project_id     text COLLATE "C",
  resource_kind  text COLLATE "C" NOT NULL,
  resource_id    text COLLATE "C" NOT NULL,
  kind           text NOT NULL,
  state          text NOT NULL CHECK (state IN ('running', 'succeeded', 'failed')),
  principal      text NOT NULL,
  correlation_id text NOT NULL,
  request        jsonb NOT NULL,  -- without secrets
  error_code     text NOT NULL DEFAULT '',
  error_message  text NOT NULL DEFAULT '',
  created_at     timestamptz NOT NULL,
  ended_at       timestamptz
);
CREATE INDEX operations_resource ON operations (resource_kind, resource_id, id);
CREATE INDEX operations_running ON operations (id) WHERE state = 'running';

CREATE TABLE idempotency_records (
  tenant_id     text COLLATE "C" NOT NULL REFERENCES tenants,
  project_id    text COLLATE "C" NOT NULL,  -- '' for none
  principal     text COLLATE "C" NOT NULL,
  api_operation text COLLATE "C" NOT NULL,
  key           text COLLATE "C" NOT NULL,
  digest        text NOT NULL,  -- keyed hash of the canonical request
  operation_id  text COLLATE "C",
  http_status   integer,
  answer        text,  -- complete body; written in the record's own transaction
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, project_id, principal, api_operation, key)
);
CREATE INDEX idempotency_records_expiry ON idempotency_records (expires_at);

CREATE TABLE outbox (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id      text COLLATE "C" NOT NULL REFERENCES tenants,
  workflow_id    text COLLATE "C" NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('start_workflow', 'signal_workflow')),
  name           text NOT NULL,
  payload        json NOT NULL,  -- as written, so that every attempt sends the same bytes
  correlation_id text NOT NULL,
  operation_id   text COLLATE "C",
  attempts       integer NOT NULL DEFAULT 0,
  last_error     text NOT NULL DEFAULT '',
  created_at     timestamptz NOT NULL,
  not_before     timestamptz NOT NULL,
  sent_at        timestamptz
);
CREATE INDEX outbox_unsent ON outbox (workflow_id, id) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE attempts (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     text COLLATE "C" NOT NULL REFERENCES tenants,
  workflow_id   text COLLATE "C" NOT NULL,
  run_id        text COLLATE "C" NOT NULL,
  activity_id   text COLLATE "C" NOT NULL,
  step          text NOT NULL,
  number        integer NOT NULL CHECK (number > 0),
  operation_id  text COLLATE "C",
  worker        text NOT NULL,
  started_at    timestamptz NOT NULL,
  ended_at      timestamptz,
  outcome       text NOT NULL CHECK (outcome IN ('running', 'completed', 'failed', 'cancelled')),
  error_code    text NOT NULL DEFAULT '',
  message       text NOT NULL DEFAULT '',
  retryable     boolean NOT NULL DEFAULT false,
  next_retry_at timestamptz,
  UNIQUE (workflow_id, run_id, activity_id, number, started_at)
);

-- The last number given out per tenant; its row lock is what makes the log gap-free and ordered by commit.
CREATE TABLE tenant_counters (
  tenant_id   text COLLATE "C" PRIMARY KEY REFERENCES tenants,
  last_number bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE tenant_log (
  tenant_id      text COLLATE "C" NOT NULL REFERENCES tenants,
  number         bigint NOT NULL,
  audit_only     boolean NOT NULL,
  type           text NOT NULL,
  project_id     text COLLATE "C",
  resource_kind  text COLLATE "C" NOT NULL,
  resource_id    text COLLATE "C" NOT NULL,
  operation_id   text COLLATE "C",
  principal      text NOT NULL,
  correlation_id text NOT NULL,
  at             timestamptz NOT NULL,
  data           json NOT NULL,
  PRIMARY KEY (tenant_id, number)
);
CREATE INDEX tenant_log_resource ON tenant_log (tenant_id, resource_id, number);

CREATE TABLE ops_items (
  id             text COLLATE "C" PRIMARY KEY,
  tenant_id      text COLLATE "C" NOT NULL REFERENCES tenants,
  severity       text NOT NULL CHECK (severity IN ('warning', 'critical')),
  kind           text COLLATE "C" NOT NULL,
  title          text NOT NULL,
  resource_kind  text COLLATE "C" NOT NULL,
  resource_id    text COLLATE "C" NOT NULL,
  workflow_id    text NOT NULL,
  runbook        text NOT NULL,
  detail         text NOT NULL,
  times          integer NOT NULL,
  opened_at      timestamptz NOT NULL,
  last_raised_at timestamptz NOT NULL,
  closed_at      timestamptz
);
CREATE UNIQUE INDEX ops_items_open ON ops_items (kind, resource_kind, resource_id) WHERE closed_at IS NULL;

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['operations', 'idempotency_records', 'outbox', 'attempts', 'tenant_counters',
                              'tenant_log', 'ops_items'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY by_tenant ON %I USING (app_sees(tenant_id))', name);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO gpuaas_app', name);
  END LOOP;
END $$;
GRANT UPDATE ON operations, idempotency_records, outbox, attempts, tenant_counters, ops_items TO gpuaas_app;
GRANT DELETE ON idempotency_records, outbox TO gpuaas_app;  -- the log is append-only
