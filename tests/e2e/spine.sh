#!/usr/bin/env bash
# One allocation through every process, with the CLI: create, use, extend, release, and what can be read of it afterwards.
. "$(dirname "$0")/lib.sh"
user dev-user
user ops-user
key=$(ssh_key_of dev-user) || give_up "ssh-keys create"

created=$(as dev-user allocations create --sku h200-sxm-slice --gpus 2 --region "$REGION" --ssh-key-id "$key" --output json) ||
  give_up "allocations create"
id=$(jq -r .id <<<"$created")
cleanups+=("as dev-user allocations release $id --yes")
check "create answers the names that checks rely on" jq -e 'has("id") and has("state") and has("workflow_id") and has("operation_id") and has("correlation_id")' <<<"$created"
same "the workflow is named after the allocation" "allocation/$id" "$(jq -r .workflow_id <<<"$created")"

check "get --watch ends when it is active" as dev-user allocations get "$id" --watch --timeout 120s
same "it is active" active "$(state_of dev-user "$id")"
connection=$(as dev-user allocations connect "$id" --mode ssh --output json)
check "connect answers command, host, port, user" jq -e 'has("command") and has("host") and has("port") and has("user")' <<<"$connection"

seen=$(in_allocation dev-user "$id" 'echo "$NVIDIA_VISIBLE_DEVICES"')
same "two GPUs are visible" 2 "$(tr ',' '\n' <<<"$seen" | grep -c .)"
same "nvidia-smi lists those two" 2 "$(in_allocation dev-user "$id" 'nvidia-smi -L' | grep -c '^GPU ')"

terminal() { timeout 20 bash -c "$(jq -r '.command | sub("^ssh "; "ssh -tt -o BatchMode=yes -i '"$E2E/dev-user.key"' ")' <<<"$connection") 'tty && exit 3'" </dev/null; }
same "a login with a terminal works, and its exit code comes back" "/dev/pts/0 3" "$(terminal | tr -d '\r' | tr '\n' ' '; echo "${PIPESTATUS[0]}")"

before=$(as dev-user allocations get "$id" --output json | jq -r .lease_expires_at)
check "extend" as dev-user allocations extend "$id" --by 2h --output json
extended() { [[ "$(as dev-user allocations get "$id" --output json | jq -r .lease_expires_at)" > "$before" ]]; }
check "the lease ends later" eventually 30 extended

check "release" as dev-user allocations release "$id" --yes --wait --timeout 120s
same "it is released" released "$(state_of dev-user "$id")"
check "SSH is over" eval '! in_allocation dev-user "$id" true'

history=$(as dev-user allocations history "$id" --output json)
check "history has the names that checks rely on" jq -e 'has("workflow_id") and has("run_id") and has("status") and
  (.steps | length) > 3 and all(.steps[]; has("name") and has("kind") and has("state") and has("attempts") and has("started_at")
  and has("ended_at") and has("error") and has("next_retry_at"))' <<<"$history"
shown=$("$TEMPORAL_CLI" workflow show --address "127.0.0.1:$TEMPORAL_PORT" --workflow-id "allocation/$id" --output json)
same "temporal workflow show agrees with history on the run" \
  "$(jq -r '.events[0].workflowExecutionStartedEventAttributes.originalExecutionRunId' <<<"$shown") completed" \
  "$(jq -r '.run_id + " " + .status' <<<"$history")"
same "and on the activities, their order, attempts and ends" \
  "$(jq -c '.events as $all | [$all[] | select(.activityTaskScheduledEventAttributes) as $s | .eventId as $id |
    {name: .activityTaskScheduledEventAttributes.activityType.name,
     attempts: ([$all[].activityTaskStartedEventAttributes | select(.scheduledEventId == $id).attempt] | last),
     ended: ([$all[] | select(.activityTaskCompletedEventAttributes.scheduledEventId == $id)] | length)}]' <<<"$shown")" \
  "$(jq -c '[.steps[] | select(.kind == "activity") |
    {name, attempts, ended: (if .state == "completed" then 1 else 0 end)}]' <<<"$history")"
same "and on the signals" "$(jq -c '[.events[].workflowExecutionSignaledEventAttributes.signalName | values]' <<<"$shown")" \
  "$(jq -c '[.steps[] | select(.kind == "signal").name]' <<<"$history")"
same "history --events has the same events" "$(jq -c '[.events[] | {eventId, eventType}]' <<<"$shown")" \
  "$(as ops-user ops workflows history "allocation/$id" --events --output json | jq -c '[.events[] | {eventId, eventType}]')"
caller=dev-user
api GET "/api/v1/allocations/$id/history?events=true"; refused "which are for operators" 403 permission_denied
check "history tells what came of a step" jq -e '.steps[] | select(.name == "allocation.Place").detail | test("of [0-9]+ node")' <<<"$history"
check "its input is readable in Temporal" grep -q "$id" <<<"$(jq -r '.events[0].workflowExecutionStartedEventAttributes.input.payloads[0] | (.data // .) | if type == "string" then @base64d else tostring end' <<<"$shown")"

k=$(new_key)
first=$(as dev-user allocations create --sku h200-sxm-slice --gpus 1 --region "$REGION" --ssh-key-id "$key" --idempotency-key "$k" --output json | jq -r .id)
cleanups+=("as dev-user allocations release $first --yes")
again=$(as dev-user allocations create --sku h200-sxm-slice --gpus 1 --region "$REGION" --ssh-key-id "$key" --idempotency-key "$k" --output json | jq -r .id)
same "the same key and request give the same allocation" "$first" "$again"
check "an allocation released while it is being made ends released" as dev-user allocations release "$first" --yes --wait --timeout 120s
