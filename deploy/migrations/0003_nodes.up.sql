-- GPU nodes, how they enrol, what they have and when they were last heard. The platform's own.

CREATE TABLE nodes (
  id                 text COLLATE "C" PRIMARY KEY,
  name               text COLLATE "C" NOT NULL,
  region             text COLLATE "C" NOT NULL,
  state              text NOT NULL CHECK (state IN ('enrolled', 'active', 'cordoned', 'draining', 'reclaimed')),
  contact            text NOT NULL CHECK (contact IN ('ok', 'late', 'lost')),
  reason             text NOT NULL DEFAULT '',
  operation_id       text COLLATE "C",
  advertise_address  text NOT NULL,
  certificate_serial text NOT NULL,
  agent_version      text NOT NULL DEFAULT '',
  inventory_digest   text NOT NULL DEFAULT '',
  inventory_source   text NOT NULL DEFAULT '',
  driver_version     text NOT NULL DEFAULT '',
  cpus               integer NOT NULL DEFAULT 0,
  memory_bytes       bigint NOT NULL DEFAULT 0,
  enrolled_at        timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX nodes_name ON nodes (name) WHERE state <> 'reclaimed';
CREATE INDEX nodes_region ON nodes (region, id) WHERE state <> 'reclaimed';

CREATE TABLE gpus (
  node_id      text COLLATE "C" NOT NULL REFERENCES nodes,
  uuid         text COLLATE "C" NOT NULL,
  index        integer NOT NULL,
  model        text NOT NULL,
  memory_bytes bigint NOT NULL,
  device_path  text NOT NULL,
  present      boolean NOT NULL,  -- in the node's last inventory
  PRIMARY KEY (node_id, uuid)
);

CREATE TABLE enrolment_tokens (
  id         text COLLATE "C" PRIMARY KEY,
  token_hash text COLLATE "C" NOT NULL UNIQUE,  -- keyed hash; the token itself is nowhere
  region     text COLLATE "C" NOT NULL,
  node_name  text NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  node_id    text COLLATE "C"
);

-- One row per node, rewritten in place: kept apart from nodes, so that those stay small and quiet.
CREATE TABLE node_heartbeats (
  node_id       text COLLATE "C" PRIMARY KEY REFERENCES nodes,
  at            timestamptz NOT NULL,
  boot_id       text NOT NULL,
  sandboxes     jsonb NOT NULL,
  evidence_head bigint NOT NULL
) WITH (fillfactor = 50);

-- Since when each listening part of the control plane has been up without a gap.
CREATE TABLE control_pulses (
  component text COLLATE "C" PRIMARY KEY,
  at        timestamptz NOT NULL,
  up_since  timestamptz NOT NULL
) WITH (fillfactor = 50);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['nodes', 'gpus', 'enrolment_tokens', 'node_heartbeats', 'control_pulses'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY by_platform ON %I USING (app_is_system())', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO gpuaas_app', name);
  END LOOP;
END $$;
