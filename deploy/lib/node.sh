# shellcheck shell=bash
# One node agent on loopback with a declared inventory of 8 x H200, enrolled the way any node is: an operator asks for a
# one-time token, the agent trades it for a certificate through the edge's port for agents.

NODE_STATE=$STATE/node-0
OPS_HOME=$STATE/demo/ops

# cli_as HOME ARGUMENT...: the gpuaas CLI against this stack with a login of its own.
cli_as() {
  local home=$1
  shift
  GPUAAS_HOME=$home GPUAAS_URL=https://localhost:$EDGE_PORT GPUAAS_CA_FILE=$TLS/ca.pem "$BIN/gpuaas" "$@"
}

dev_login() { # HOME USER
  mkdir -p "$1"
  cli_as "$1" auth dev-login --username "$2" --password-stdin <<<dev123 >/dev/null
}

node_enrol() {
  mkdir -p "$NODE_STATE"
  chmod 700 "$NODE_STATE"
  cat >"$NODE_STATE/inventory.yaml" <<YAML
gpus: {count: 8, model: "NVIDIA H200", memory_gib: 141}
YAML
  dev_login "$OPS_HOME" ops-user
  cli_as "$OPS_HOME" nodes enrol --name node-0 --region "$REGION" --output json | jq -r .token |
    "$BIN/gpuaas-node-agent" enrol --url "https://localhost:$AGENT_EDGE_PORT" --ca-file "$TLS/ca.pem" --state-dir "$NODE_STATE" \
      --inventory "$NODE_STATE/inventory.yaml" --listen "127.0.0.1:$NODE_PORT" --advertise "localhost:$NODE_PORT"
}

node_settings() { :; }

node_start() {
  [ -e "$NODE_STATE/node.json" ] || node_enrol >>"$LOGS/node.log" 2>&1 || { fail_with_log node "could not enrol"; return 1; }
  # shellcheck disable=SC2086
  start_service node "$BIN/gpuaas-node-agent" run --state-dir "$NODE_STATE" ${GPUAAS_NODE_FLAGS:-}
  wait_until 30 node node_health
  dev_login "$OPS_HOME" ops-user
  wait_until 30 node node_is_in_touch
}

node_stop() { stop_process node 30; }
node_can_be_purged() { [ ! -e "$NODE_STATE/instance.json" ] || [ -x "$BIN/gpuaas-node-agent" ]; }
# node_purge: what the agent has made of the machine's own things: users, bridges, firewall rules, control groups.
node_purge() {
  [ -e "$NODE_STATE/instance.json" ] || return 0
  "$BIN/gpuaas-node-agent" purge --state-dir "$NODE_STATE" >>"$LOGS/node.log" 2>&1 || { fail_with_log node "could not be purged"; return 1; }
}
node_health() { (exec 3<>"/dev/tcp/127.0.0.1/$NODE_PORT"); }
node_is_in_touch() {
  cli_as "$OPS_HOME" nodes list --output json | jq -e 'any(.items[]; .name == "node-0" and .contact == "ok" and .state != "enrolled")'
}
node_address() { say "localhost:$NODE_PORT (8 x H200, declared)"; }
node_title() { say "gpuaas-node-agent"; }
