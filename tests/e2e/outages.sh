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
