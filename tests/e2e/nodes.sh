#!/usr/bin/env bash
# A node's life: enrolled by the one command that is printed, used, back after its certificate has ended, cordoned, drained, reclaimed.
. "$(dirname "$0")/lib.sh"
user ops-user
user dev-user
key=$(ssh_key_of dev-user) || give_up "ssh-keys create"
node_name=e2e-$(random_secret | head -c 6)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
first_uid=$((730000 + 250 * (port % 100)))
home=$E2E/node agent=$E2E/bin/gpuaas-node-agent certificate=$E2E/node/tls/current/cert.pem private=$E2E/node/tls/current/key.pem
flags="--user-prefix gpue --first-uid $first_uid --ssh-ports 29000-29249"
echo 'gpus: {count: 2, model: "NVIDIA H200", memory_gib: 141}' >"$E2E/inventory.yaml"

enrolment=$(as ops-user nodes enrol --name "$node_name" --region "$REGION" --output json) || give_up "nodes enrol"
id=$(jq -r .node_id <<<"$enrolment")
jq -r .token <<<"$enrolment" >"$E2E/token"
jq -r .command <<<"$enrolment" >"$E2E/command"
node() { as ops-user nodes get "${2:-$id}" --output json | jq -r "$1"; } # JQ [NODE]
node_is() { [ "$(node "$1" "${3:-}")" = "$2" ]; }                        # JQ VALUE [NODE]

enrol() { # STATE-DIR
  mkdir -p "$1"
  "$agent" enrol --url "https://localhost:$AGENT_EDGE_PORT" --ca-file "$TLS/ca.pem" --state-dir "$1" --inventory "$E2E/inventory.yaml" \
    --listen "127.0.0.1:$port" --advertise "localhost:$port" <"$E2E/token"
}
start_agent() {
  # shellcheck disable=SC2086
  setsid "$agent" run --state-dir "$home" $flags >>"$home/agent.log" 2>&1 </dev/null &
  echo $! >"$home/agent.pid"
}
stop_agent() { kill "$(cat "$home/agent.pid")" && flock -w 15 "$home/lock" true; }
remove_node() {
  [ -e "$home/instance.json" ] || return 0
  stop_agent
  "$agent" purge --state-dir "$home"
}
# Where systemd runs the command makes a unit; a test must not, and does by hand what the command does elsewhere.
make_node() {
  if [ -d /run/systemd/system ]; then
    install -D "$BIN/gpuaas-node-agent" "$agent"
    enrol "$home" && start_agent
  else
    GPUAAS_NODE_STATE_DIR=$home GPUAAS_NODE_PROGRAM=$agent GPUAAS_NODE_LISTEN=127.0.0.1:$port GPUAAS_NODE_ADVERTISE=localhost:$port \
      GPUAAS_NODE_INVENTORY=$E2E/inventory.yaml GPUAAS_NODE_FLAGS=$flags bash "$E2E/command"
  fi
}
cleanups+=(remove_node)
check "the printed command makes the machine a node" make_node || give_up "a node"
check "it becomes active" eventually 30 node_is .state active
same "with the name and the GPUs that it was given" "$node_name 2" "$(node '"\(.name) \(.gpus_total)"')"
check "the token is in nobody's arguments" eval '! grep -qaFf "$E2E/token" /proc/[0-9]*/cmdline 2>/dev/null'
check "and not in the agent's environment" eval '! grep -qaFf "$E2E/token" "/proc/$(cat "$home/agent.pid")/environ"'
again=$(enrol "$E2E/thief" 2>&1) && again="it was taken"
same "the token works once" "enrolment failed: the enrolment token was used; ask for another one" "$again"
tls_name=${id,,}
same "the certificate names the node and no host" "DNS:${tls_name/_/-}" "$(openssl x509 -in "$certificate" -noout -ext subjectAltName | tail -n 1 | tr -d ' ')"
check "customers see no nodes" eval '! as dev-user nodes list'

# Back after its certificate has ended: the same key, in a certificate of one second.
beat() { # sets status and body
  URL=https://localhost:$AGENT_EDGE_PORT api POST /agent/v1/heartbeat '{"boot_id": "b", "agent_version": "1", "inventory_digest": "d", "sandboxes": []}' \
    --cert "$certificate" --key "$private"
}
stop_agent
openssl req -new -key "$private" -subj /CN=x -out "$E2E/node.csr"
vault_call POST pki/sign/node "$(jq -n --arg id "$id" --rawfile csr "$E2E/node.csr" '{common_name: $id, csr: $csr, ttl: "1s"}')" | jq -r .data.certificate >"$certificate"
ended() { ! openssl x509 -in "$certificate" -noout -checkend 0; }
check "its certificate ends while it is off" eventually 10 ended
beat; refused "and is not let in any more" 401 unauthenticated
silent_since=$(node .last_heartbeat_at)
start_agent
back() { [[ $(node .last_heartbeat_at) > $silent_since ]]; }
check "it comes back by itself" eventually 30 back
check "with a certificate for days" openssl x509 -in "$certificate" -noout -checkend $((6 * 86400))

first=$(as ops-user nodes list --output json | jq -r '.items[] | select(.name == "node-0") | .id')
cleanups+=("as ops-user nodes uncordon $first")
check "cordon the other node" as ops-user nodes cordon "$first" --reason e2e
check "it is cordoned" eventually 30 node_is .state cordoned "$first"
allocation=$(create_active dev-user "$key" 2) || give_up "an allocation on the new node"
cleanups+=("as dev-user allocations release $allocation --yes --wait --timeout 30s")
same "an allocation goes to the new node" "$node_name" "$(as dev-user allocations get "$allocation" --output json | jq -r .node)"
same "and can be entered" 2 "$(in_allocation dev-user "$allocation" 'nvidia-smi -L' | grep -c '^GPU ')"
queued=$(as dev-user allocations create --sku h200-sxm-slice --gpus 1 --region "$REGION" --ssh-key-id "$key" --output json | jq -r .id)
cleanups+=("as dev-user allocations release $queued --yes --wait --timeout 30s")
check "what does not fit waits" eventually 30 is_state dev-user "$queued" queued
check "uncordon" as ops-user nodes uncordon "$first"
check "it is served as soon as it fits" eventually 60 is_state dev-user "$queued" active
check "and released" as dev-user allocations release "$queued" --yes --wait --timeout 60s

check "drain" as ops-user nodes drain "$id" --yes --reason e2e
check "what ran there is released" eventually 90 is_state dev-user "$allocation" released
same "its sandbox is gone" 0 "$(pgrep -cf "$home/sandboxes")"
check "reclaim" as ops-user nodes reclaim "$id" --yes --reason e2e
check "it is reclaimed" eventually 60 node_is .state reclaimed
beat; refused "its heartbeats are refused" 409 invalid_state
serial=$(openssl x509 -in "$certificate" -noout -serial | cut -d= -f2 | sed 's/../&:/g; s/:$//' | tr 'A-F' 'a-f')
check "its certificate is revoked" jq -e '.data.revocation_time > 0' <<<"$(vault_call GET "pki/cert/$serial")"

instance=$(jq -r .instance "$home/instance.json")
check "the agent's traces are removed" remove_node
same "no bridge, namespace, table or folder is left" "" "$({ ip -o link; ip netns; nft list tables; ls "$home"; } 2>/dev/null | grep "$instance")"
same "no account is left" "" "$(getent passwd | awk -F: -v f="$first_uid" '$3 >= f && $3 < f + 250 {print $1}')"
