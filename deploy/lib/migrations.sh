# shellcheck shell=bash
# The schema and the development tenants, users, projects and SKUs: both safe to repeat.

migrations_start() {
  (
    export_service_settings api
    GPUAAS_MIGRATIONS_URL=$(postgres_uri gpuaas_owner gpuaas)
    export GPUAAS_MIGRATIONS_URL
    "$BIN/gpuaas-api" migrate up && "$BIN/gpuaas-api" seed-dev
  ) >"$LOGS/migrations.log" 2>&1 9>&- || { fail_with_log migrations "failed"; return 1; }
}
migrations_address() { say "schema and seed data up to date"; }
migrations_title() { say "Migrations"; }
