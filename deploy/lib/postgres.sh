# shellcheck shell=bash
# PostgreSQL 15: a cluster of our own under the state folder, on loopback, run by the system user postgres.
# Roles: gpuaas_owner (migrations; may create databases, for tests), gpuaas_app (api and worker; row-level security applies).

PG_BIN=/usr/lib/postgresql/15/bin
PG_DATA=$STATE/postgres/data
PG_RUN=$STATE/postgres/run

as_postgres() { (cd / && runuser -u postgres -- "$@"); }

# postgres_uri ROLE DATABASE
postgres_uri() {
  printf 'postgresql://%s:%s@127.0.0.1:%s/%s' "$1" "$(secret_file "postgres-$1")" "$POSTGRES_PORT" "$2"
}

postgres_sql() { as_postgres psql -X -q -v ON_ERROR_STOP=1 -At -h "$PG_RUN" -p "$POSTGRES_PORT" -d postgres; }

postgres_init() {
  install -d -o postgres -g postgres -m 711 "$STATE/postgres"
  install -d -o postgres -g postgres -m 700 "$PG_RUN"
  if [ ! -e "$PG_DATA/PG_VERSION" ]; then
    as_postgres "$PG_BIN/initdb" -D "$PG_DATA" --auth-local=peer --auth-host=scram-sha-256 -E UTF8 --locale=C.UTF-8 \
      >"$LOGS/postgres.log" 2>&1 || { fail_with_log postgres "initdb failed"; return 1; }
  fi
  cat >"$PG_DATA/conf.new" <<CONF
listen_addresses = '127.0.0.1'
port = $POSTGRES_PORT
unix_socket_directories = '$PG_RUN'
max_connections = 200
shared_buffers = 128MB
log_line_prefix = '%m [%p] %q%u@%d '
timezone = 'UTC'
log_timezone = 'UTC'
${GPUAAS_POSTGRES_CONF:-}
CONF
  mv "$PG_DATA/conf.new" "$PG_DATA/gpuaas.conf"
  grep -q "^include = 'gpuaas.conf'" "$PG_DATA/postgresql.conf" || echo "include = 'gpuaas.conf'" >>"$PG_DATA/postgresql.conf"
}

postgres_setup() {
  # The passwords go by stdin; log_statement is off, so they are in no log either.
  postgres_sql <<SQL
SET client_min_messages = warning;
SET password_encryption = 'scram-sha-256';
SELECT 'CREATE ROLE gpuaas_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gpuaas_owner') \gexec
SELECT 'CREATE ROLE gpuaas_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gpuaas_app') \gexec
ALTER ROLE gpuaas_owner LOGIN CREATEDB CREATEROLE PASSWORD '$(secret_file postgres-gpuaas_owner)';
ALTER ROLE gpuaas_app LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '$(secret_file postgres-gpuaas_app)';
GRANT gpuaas_app TO gpuaas_owner;
SELECT 'CREATE DATABASE gpuaas OWNER gpuaas_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'gpuaas') \gexec
SQL
}

postgres_start() {
  if ! process_pid postgres >/dev/null; then
    postgres_init
    touch "$LOGS/postgres.log"
    # pg_ctl's own wait: it returns when the server accepts connections. It writes as root through our descriptor.
    as_postgres "$PG_BIN/pg_ctl" start -D "$PG_DATA" -w -t 60 -s >>"$LOGS/postgres.log" 2>&1 9>&- ||
      { fail_with_log postgres "did not start"; return 1; }
    remember_process postgres "$(head -n 1 "$PG_DATA/postmaster.pid")"
  fi
  wait_until 30 postgres postgres_health
  postgres_setup
}

postgres_stop() {
  if process_pid postgres >/dev/null; then as_postgres "$PG_BIN/pg_ctl" stop -D "$PG_DATA" -m fast -w -t 30 -s || true; fi
  stop_process postgres
}

postgres_health() { "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT"; }
postgres_address() { say "127.0.0.1:$POSTGRES_PORT"; }
postgres_title() { say "PostgreSQL 15"; }
