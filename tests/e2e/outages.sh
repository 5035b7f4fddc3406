#!/usr/bin/env bash
# Each engine goes away and comes back: the answer says which one, and what was accepted is carried out.
. "$(dirname "$0")/lib.sh"
user dev-user
key=$(ssh_key_of dev-user) || give_up "ssh-keys create"
login='{"username": "dev-user", "password": "dev123"}'
answers() { api "$1" "$2" "${3:-}"; [ "$status" = "$4" ]; } # METHOD PATH BODY STATUS

# The vault: sealed, then gone. (Tokens are signed there.)
cleanups+=(vault_start)
vault_call PUT sys/seal >/dev/null
api POST /api/v1/auth/dev-login "$login"; refused "a sealed vault" 503 vault_sealed
vault_stop
api POST /api/v1/auth/dev-login "$login"; refused "no vault" 503 vault_unavailable
caller=dev-user
api GET /api/v1/allocations; same "what needs no vault goes on" 200 "$status"
caller=""
check "the vault comes back" vault_start
check "and logins with it" eventually 30 answers POST /api/v1/auth/dev-login "$login" 200

# Temporal: what is accepted without it is carried out afterwards.
cleanups+=(temporal_start)
temporal_stop
id=$(as dev-user allocations create --sku h200-sxm-slice --gpus 1 --region "$REGION" --ssh-key-id "$key" --output json | jq -r .id)
check "a request is accepted without Temporal" [ -n "$id" ]
cleanups+=("as dev-user allocations release $id --yes")
same "and waits" requested "$(state_of dev-user "$id")"
check "Temporal comes back" temporal_start
check "the request is carried out" eventually 120 is_state dev-user "$id" active

# Temporal hangs: it takes connections and never answers. Reads go on, and mutations are accepted within a bound.
temporal_pid=$(process_pid temporal) || give_up "Temporal was not running"
cleanups+=("kill -CONT $temporal_pid" "release_all")
# The newest first: those that wait for GPUs never get any.
release_all() { while read -r each; do as dev-user allocations release "$each" --yes; done < <(sort -r "$E2E/hanging"); }
: >"$E2E/hanging"
kill -STOP "$temporal_pid"
ask() { # NUMBER: asks for an allocation, writes status, seconds and body
  curl -sS --max-time 30 --cacert "$TLS/ca.pem" -H "Authorization: Bearer $(token_of dev-user)" -H 'Content-Type: application/json' \
    -H "X-Idempotency-Key: $(new_key)" -o "$E2E/ask.$1" -w '%{http_code} %{time_total}\n' "$URL/api/v1/allocations" \
    --data "{\"sku\":\"h200-sxm-slice\",\"gpus\":8,\"region\":\"$REGION\",\"ssh_key_ids\":[\"$key\"]}" >"$E2E/asked.$1"
}
for i in $(seq 24); do ask "$i" & done
caller=dev-user
reads=0
for i in $(seq 10); do
  api GET /api/v1/allocations "" --max-time 10
  [ "$status" != 200 ] || reads=$((reads + 1))
done
caller=""
wait
same "reads go on while Temporal hangs" 10 $reads
cat "$E2E"/ask.[0-9]* | jq -r '.id // empty' >"$E2E/hanging"
same "and all mutations are accepted" 24 "$(wc -l <"$E2E/hanging")"
check "each within 10 s" awk '$1 != 202 || $2 > 10 { bad = 1; print } END { exit bad }' "$E2E"/asked.*
kill -CONT "$temporal_pid"
is_known() { as dev-user allocations get "$1" --output json | jq -e '.state != "requested"' >/dev/null; }
check "what was accepted is carried out" eval 'while read -r each; do eventually 60 is_known "$each" || exit 1; done <"$E2E/hanging"'
release_all >/dev/null 2>&1
: >"$E2E/hanging"

# Only the edge is gone: nobody could hear a node, so the pulse stops.
cleanups+=(edge_start)
pulse() { # sql expression -> its value for the API's pulse
  psql -X -At "$(postgres_uri gpuaas_owner gpuaas)" -c "SET app.scope = 'system'" -c "SELECT $1 FROM control_pulses WHERE component = 'api'" | tail -n 1
}
is_fresh() { [ "$(pulse "at > clock_timestamp() - interval '6 seconds'")" = t ]; }
check "the pulse beats through the edge" eventually 15 is_fresh
edge_stop
check "without the edge the API itself is well" http_ok "http://127.0.0.1:$API_PORT/health/live"
check "but its pulse stops" eventually 20 eval '[ "$(pulse "at < clock_timestamp() - interval '"'12 seconds'"'")" = t ]'
check "the edge comes back" edge_start
check "and the pulse with it" eventually 15 is_fresh

# PostgreSQL.
cleanups+=(postgres_start)
postgres_stop
caller=dev-user
api GET /api/v1/allocations; refused "no database" 503 database_unavailable
check "the service says that it is not ready" answers GET /health/ready "" 503
check "PostgreSQL comes back" postgres_start
check "and answers with it" eventually 30 answers GET /api/v1/allocations "" 200
check "the release ends" eval 'as dev-user allocations release "$id" --yes >/dev/null && eventually 120 is_state dev-user "$id" released'

# The edge: its workers outlive a killed master, and must not keep the next one from its ports.
cleanups+=(edge_start)
kill -KILL "$(process_pid edge)"
gone() { ! process_pid edge >/dev/null; }
check "the edge is killed" eventually 10 gone
check "the edge comes back" edge_start
check "and is the one that answers" eval 'pid=$(process_pid edge) && edge_stop && ! edge_health && edge_start && [ "$pid" != "$(process_pid edge)" ]'
