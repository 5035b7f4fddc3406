#!/usr/bin/env bash
# The worker dies in mid-flow and comes back: the allocation ends active, once.
. "$(dirname "$0")/lib.sh"
user dev-user
user ops-user
key=$(ssh_key_of dev-user) || give_up "ssh-keys create"

id=$(as dev-user allocations create --sku h200-sxm-slice --gpus 1 --region "$REGION" --ssh-key-id "$key" --output json | jq -r .id)
[ -n "$id" ] || give_up "allocations create"
cleanups+=("as dev-user allocations release $id --yes")
kill -KILL "$(process_pid worker)" || give_up "the worker was not running"
same "without a worker it is not active" 0 "$(as dev-user allocations get "$id" --output json | jq -r 'if .state == "active" then 1 else 0 end')"
check "the worker starts again" worker_start
check "the allocation becomes active" as dev-user allocations get "$id" --watch --timeout 180s
same "it holds one GPU" 1 "$(in_allocation dev-user "$id" 'echo "$NVIDIA_VISIBLE_DEVICES"' | tr ',' '\n' | grep -c .)"

check "releasing with the worker killed once more" bash -c "true"
as dev-user allocations release "$id" --yes >/dev/null
kill -KILL "$(process_pid worker)"
check "the worker starts again" worker_start
check "the release ends" eval 'for i in $(seq 90); do [ "$(as dev-user allocations get "$id" --output json | jq -r .state)" = released ] && exit 0; read -rt 1 <> <(:); done; exit 1'
