#!/usr/bin/env bash
# The worker dies in mid-flow and comes back: the allocation ends active, once.
. "$(dirname "$0")/lib.sh"
user dev-user
user ops-user
key=$(ssh_key_of dev-user) || give_up "ssh-keys create"

# Its first step on the node is under way when the worker dies: the agent has the call and cannot answer.
cleanups+=('kill -CONT "$(process_pid node)"')
kill -STOP "$(process_pid node)" || give_up "the node agent was not running"
id=$(as dev-user allocations create --sku h200-sxm-slice --gpus 1 --region "$REGION" --ssh-key-id "$key" --output json | jq -r .id)
[ -n "$id" ] || give_up "allocations create"
cleanups+=("as dev-user allocations release $id --yes")
provisioning() {
  as dev-user allocations history "$id" --output json | jq -e 'any(.steps[]; .name == "allocation.Provision" and .state == "running")'
}
check "provisioning is under way" eventually 30 provisioning
kill_part worker || give_up "the worker was not running"
kill -CONT "$(process_pid node)"
check "the worker starts again" worker_start
check "the allocation becomes active" as dev-user allocations get "$id" --watch --timeout 180s
same "it holds one GPU" 1 "$(in_allocation dev-user "$id" 'echo "$NVIDIA_VISIBLE_DEVICES"' | tr ',' '\n' | grep -c .)"
history=$(as dev-user allocations history "$id" --output json)
check "the step was tried again" jq -e 'any(.steps[]; .name == "allocation.Provision" and .attempts > 1 and .state == "completed")' <<<"$history"
check "and no attempt seems to go on" jq -e 'all(.steps[].attempt_list[]; .state != "running" and .ended_at != null)' <<<"$history"

check "release" as dev-user allocations release "$id" --yes
check "the worker dies once more" kill_part worker
check "the worker starts once more" worker_start
check "the release ends" eventually 90 is_state dev-user "$id" released
