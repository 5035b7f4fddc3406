-- Allocations, which GPUs they hold, and the time for which they were usable.

CREATE TABLE allocations (
  id                   text COLLATE "C" PRIMARY KEY,
  tenant_id            text COLLATE "C" NOT NULL REFERENCES tenants,
  project_id           text COLLATE "C" NOT NULL,
  name                 text NOT NULL,
  sku                  text COLLATE "C" NOT NULL REFERENCES skus,
  region               text COLLATE "C" NOT NULL,
  gpus                 integer NOT NULL CHECK (gpus > 0),
  ssh_key_ids          text[] NOT NULL,
  created_by           text NOT NULL,
  state                text NOT NULL CHECK (state IN ('requested', 'queued', 'provisioning', 'active', 'releasing',
                                                      'released', 'failed')),
  operation_id         text COLLATE "C" NOT NULL,  -- the last accepted
  driving_operation_id text COLLATE "C" NOT NULL,  -- the one that moves the state now
  release_operation_id text COLLATE "C",
  correlation_id       text NOT NULL,
  lease_seconds        bigint NOT NULL CHECK (lease_seconds > 0),
  lease_expires_at     timestamptz,
  node_id              text COLLATE "C" REFERENCES nodes,
  node_name            text NOT NULL DEFAULT '',
  ssh_host             text,
  ssh_port             integer,
  ssh_user             text,
  ssh_host_key         text,
  ssh_fingerprint      text,
  reason               text NOT NULL DEFAULT '',
  error_code           text NOT NULL DEFAULT '',
  created_at           timestamptz NOT NULL,
  updated_at           timestamptz NOT NULL,
  queued_at            timestamptz,
  activated_at         timestamptz,
  ended_at             timestamptz,
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
-- Ids sort by creation: these serve "newest first" with a cursor.
CREATE INDEX allocations_project ON allocations (project_id, id DESC);
CREATE INDEX allocations_tenant ON allocations (tenant_id, id DESC);
CREATE INDEX allocations_queue ON allocations (region) WHERE state = 'queued';
CREATE INDEX allocations_living ON allocations (state) WHERE state NOT IN ('released', 'failed');

CREATE TABLE gpu_assignments (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     text COLLATE "C" NOT NULL REFERENCES tenants,
  allocation_id text COLLATE "C" NOT NULL REFERENCES allocations,
  operation_id  text COLLATE "C" NOT NULL,
  node_id       text COLLATE "C" NOT NULL,
  gpu_uuid      text COLLATE "C" NOT NULL,
  assigned_at   timestamptz NOT NULL,
  released_at   timestamptz,
  FOREIGN KEY (node_id, gpu_uuid) REFERENCES gpus (node_id, uuid)
);
-- A GPU has at most one live assignment.
CREATE UNIQUE INDEX gpu_assignments_live ON gpu_assignments (node_id, gpu_uuid) WHERE released_at IS NULL;
CREATE INDEX gpu_assignments_allocation ON gpu_assignments (allocation_id);

CREATE TABLE usage_intervals (
  id            text COLLATE "C" PRIMARY KEY,
  tenant_id     text COLLATE "C" NOT NULL REFERENCES tenants,
  project_id    text COLLATE "C" NOT NULL,
  allocation_id text COLLATE "C" NOT NULL REFERENCES allocations,
  node_id       text COLLATE "C" NOT NULL REFERENCES nodes,
  sku           text COLLATE "C" NOT NULL,
  region        text COLLATE "C" NOT NULL,
  gpus          integer NOT NULL,
  opened_at     timestamptz NOT NULL,
  closed_at     timestamptz CHECK (closed_at >= opened_at),
  close_reason  text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX usage_intervals_open ON usage_intervals (allocation_id) WHERE closed_at IS NULL;
CREATE INDEX usage_intervals_allocation ON usage_intervals (allocation_id, opened_at);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['allocations', 'gpu_assignments', 'usage_intervals'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY by_tenant ON %I USING (app_sees(tenant_id))', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO gpuaas_app', name);  -- history is never deleted
  END LOOP;
END $$;
