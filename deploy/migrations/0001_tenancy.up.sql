-- Tenants, projects, people and their roles, SSH keys. Row-level security binds every role, the owner too.

-- Whether the transaction's scope (SET LOCAL app.tenant_id / app.scope) sees rows of the tenant.
CREATE FUNCTION app_sees(tenant text) RETURNS boolean LANGUAGE sql STABLE
  AS $$ SELECT tenant = current_setting('app.tenant_id', true) OR current_setting('app.scope', true) = 'system' $$;
-- Whether it is the platform's own.
CREATE FUNCTION app_is_system() RETURNS boolean LANGUAGE sql STABLE
  AS $$ SELECT coalesce(current_setting('app.scope', true) = 'system', false) $$;

CREATE TABLE tenants (
  id         text COLLATE "C" PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON tenants USING (app_sees(id));

-- Owner of what belongs to no customer; domain/ids.h knows this id.
INSERT INTO tenants (id, name, created_at) VALUES ('tnt_00000000000000000000000000', 'platform', '2026-01-01T00:00:00Z');

CREATE TABLE projects (
  id         text COLLATE "C" PRIMARY KEY,
  tenant_id  text COLLATE "C" NOT NULL REFERENCES tenants,
  name       text NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (tenant_id, name),
  UNIQUE (tenant_id, id)
);
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON projects USING (app_sees(tenant_id));

CREATE TABLE users (
  id            text COLLATE "C" PRIMARY KEY,
  tenant_id     text COLLATE "C" NOT NULL REFERENCES tenants,
  username      text NOT NULL UNIQUE,
  display_name  text NOT NULL,
  password_hash text,  -- scrypt, for dev-login only
  created_at    timestamptz NOT NULL
);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON users USING (app_sees(tenant_id));

CREATE TABLE memberships (
  tenant_id  text COLLATE "C" NOT NULL REFERENCES tenants,
  user_id    text COLLATE "C" NOT NULL REFERENCES users,
  project_id text COLLATE "C",  -- NULL: the role holds for the tenant, or for the platform
  role       text NOT NULL CHECK (role IN ('platform_admin', 'tenant_admin', 'project_admin', 'member', 'viewer',
                                           'billing', 'auditor')),
  created_at timestamptz NOT NULL,
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id),
  UNIQUE NULLS NOT DISTINCT (user_id, tenant_id, project_id, role)
);
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON memberships USING (app_sees(tenant_id));

CREATE TABLE ssh_keys (
  id          text COLLATE "C" PRIMARY KEY,
  tenant_id   text COLLATE "C" NOT NULL REFERENCES tenants,
  user_id     text COLLATE "C" NOT NULL REFERENCES users,
  name        text NOT NULL,
  public_key  text NOT NULL,
  fingerprint text NOT NULL,
  created_at  timestamptz NOT NULL,
  UNIQUE (user_id, name),
  UNIQUE (user_id, fingerprint)
);
ALTER TABLE ssh_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE ssh_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON ssh_keys USING (app_sees(tenant_id));

GRANT SELECT, INSERT, UPDATE, DELETE ON tenants, projects, users, memberships, ssh_keys TO gpuaas_app;
