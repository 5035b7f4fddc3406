# shellcheck shell=bash
# gpuaas-api: the REST front door, on loopback behind the edge.

# export_service_settings ROLE: the configuration of a service into this shell's environment; never into an argument list.
# ROLE is api or worker and names its AppRole.
export_service_settings() {
  export GPUAAS_VAULT_ADDR=$VAULT_URL GPUAAS_VAULT_ROLE_ID_FILE=$SECRETS/vault-$1-role-id \
    GPUAAS_VAULT_SECRET_ID_FILE=$SECRETS/vault-$1-secret-id GPUAAS_TEMPORAL_ADDRESS=127.0.0.1:$TEMPORAL_PORT \
    GPUAAS_TEMPORAL_NAMESPACE=default GPUAAS_REGION=$REGION GPUAAS_CA_FILE=$TLS/ca.pem \
    GPUAAS_API_LISTEN=127.0.0.1:$API_PORT GPUAAS_WORKER_LISTEN=127.0.0.1:$WORKER_PORT GPUAAS_DEV_MODE=1 GPUAAS_BEHIND_PROXY=1 \
    GPUAAS_PUBLIC_URL=https://localhost:$EDGE_PORT GPUAAS_AGENT_URL=https://localhost:$AGENT_EDGE_PORT \
    GPUAAS_AGENT_BINARY=$BIN/gpuaas-node-agent GPUAAS_MIGRATIONS_DIR=$ROOT/deploy/migrations
  GPUAAS_DATABASE_URL=$(postgres_uri gpuaas_app gpuaas)
  export GPUAAS_DATABASE_URL
}

api_settings() {
  export_service_settings api
  secret_file edge >/dev/null
  export GPUAAS_EDGE_SECRET_FILE=$SECRETS/edge
}

api_start() {
  start_service api "$BIN/gpuaas-api" serve
  wait_until 30 api api_health
}
api_stop() { stop_process api; }
api_health() { http_ok "http://127.0.0.1:$API_PORT/health/ready"; }
api_address() { say "http://127.0.0.1:$API_PORT (loopback, behind the edge)"; }
api_title() { say "gpuaas-api"; }
