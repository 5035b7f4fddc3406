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

# Temporal hangs: it takes connections and never answers. Were each request to wait for it, four rounds of the API's threads
# would take eight seconds, and whoever comes after them as long.
temporal_pid=$(process_pid temporal) || give_up "Temporal was not running"
cleanups+=("kill -CONT $temporal_pid")
many() { # NAME BODY PATH...: all at once; "status seconds" of each into NAME.times, the answers into NAME.1, NAME.2, ...
  local name=$1 data=$2 path i=0 token
  token=$(token_of dev-user)
  shift 2
  for path in "$@"; do
    printf 'next\nurl = "%s%s"\nheader = "X-Idempotency-Key: %s"\noutput = "%s"\n' "$URL" "$path" "$(new_key)" "$E2E/$name.$((++i))"
    printf 'header = "Content-Type: application/json"\nheader = "Authorization: Bearer %s"\n' "$token"
    printf 'data = "%s"\ncacert = "%s"\nmax-time = 30\nwrite-out = "%%{http_code} %%{time_total}\\n"\n' "${data//\"/\\\"}" "$TLS/ca.pem"
  done | tail -n +2 >"$E2E/$name.config"
  curl -sS --no-progress-meter --parallel --parallel-immediate --parallel-max 100 -K "$E2E/$name.config" >"$E2E/$name.times"
}
all_within() { awk -v most="$2" '$1 !~ /^20/ || $2 > most { bad = 1; print } END { exit bad }' "$E2E/$1.times"; } # NAME SECONDS
ask="{\"sku\":\"h200-sxm-slice\",\"gpus\":8,\"region\":\"$REGION\",\"ssh_key_ids\":[\"$key\"]}"
read -ra paths < <(yes /api/v1/allocations | head -n 64 | tr '\n' ' ')
kill -STOP "$temporal_pid"
many asked "$ask" "${paths[@]}" & asking=$!
eventually 20 compgen -G "$E2E/asked.[0-9]*" >/dev/null  # the first of them is answered
caller=dev-user
for _ in $(seq 10); do
  api GET /api/v1/allocations "" -o "$E2E/read" -w '%{http_code} %{time_total}'
  say "$status" >>"$E2E/reads.times"
done
caller=""
wait $asking
kill -CONT "$temporal_pid"
same "all mutations are accepted while Temporal hangs" 64 "$(grep -c '^202 ' "$E2E/asked.times")"
check "each within a bound" all_within asked 15
check "and reads go on" all_within reads 15
mapfile -t asked < <(cat "$E2E"/asked.[0-9]* | jq -r .id | sort)
is_known() { as dev-user allocations get "$1" --output json | jq -e '.state != "requested"' >/dev/null; }
check "what was accepted is carried out" eventually 60 is_known "${asked[-1]}"
mapfile -t paths < <(printf '/api/v1/allocations/%s/release\n' "${asked[@]}")
many released '{}' "${paths[@]}"
check "and can be released" all_within released 30
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
check "the edge is killed" kill_part edge
check "the edge comes back" edge_start
check "and is the one that answers" eval 'pid=$(process_pid edge) && edge_stop && ! edge_health && edge_start && [ "$pid" != "$(process_pid edge)" ]'
