#!/usr/bin/env bash
# From inside an allocation: nothing of the host, of the control plane or of another allocation can be reached or seen.
. "$(dirname "$0")/lib.sh"
user dev-user
user other-user
mine=$(create_active dev-user "$(ssh_key_of dev-user)" 1) || give_up "an allocation of acme"
cleanups+=("as dev-user allocations release $mine --yes")
theirs=$(create_active other-user "$(ssh_key_of other-user)" 1) || give_up "an allocation of globex"
cleanups+=("as other-user allocations release $theirs --yes")
inside() { in_allocation dev-user "$mine" "$1"; }
neighbour() { in_allocation other-user "$theirs" "$1"; }

check "a command runs inside" inside true
check "as an unprivileged user" [ "$(inside 'id -u')" != 0 ]

# reachable TARGET...: which of these host:port can be reached from inside; all are tried at once.
reachable() {
  inside "for t in $*; do { timeout 3 bash -c \"exec 3<>/dev/tcp/\${t%:*}/\${t#*:}\" 2>/dev/null && echo \$t; } & done; wait"
}

# That it tells: what listens inside is reached.
inside "setsid timeout 120 python3 -m http.server 8001 >/dev/null 2>&1 </dev/null &"
finds_own() { [ "$(reachable 127.0.0.1:8001 127.0.0.1:8002)" = 127.0.0.1:8001 ]; }
check "what listens inside is reachable" eventually 10 finds_own

# Ports: of the host's loopback, and of the control plane by each of the host's addresses.
targets=() silent=()
for address in 127.0.0.1 $(ip -4 -o addr show scope global | awk '{sub("/.*", "", $4); print $4}'); do
  for port in "$TEMPORAL_PORT" "$TEMPORAL_UI_PORT" "$POSTGRES_PORT" "$VAULT_PORT" "$API_PORT" "$WORKER_PORT" "$EDGE_PORT" "$AGENT_EDGE_PORT" "$NODE_PORT"; do
    targets+=("$address:$port")
  done
done
for target in "${targets[@]}"; do
  [[ $target != 127.* ]] || (exec 3<>"/dev/tcp/${target%:*}/${target#*:}") 2>/dev/null || silent+=("$target")
done
same "the host reaches them on its loopback" "" "${silent[*]}"
check "and has other addresses to try" [ ${#targets[@]} -gt 9 ]
same "no way to the host's loopback or the control plane's ports" "" "$(reachable "${targets[@]}")"
# SSH forwarding must not be the way around it.
connection=$(as dev-user allocations connect "$mine" -i "$E2E/dev-user.key" --output json)
forward() { timeout 8 bash -c "$(jq -r '.command | sub("^ssh "; "ssh -q -o BatchMode=yes -W 127.0.0.1:'"$TEMPORAL_PORT"' ")' <<<"$connection")" </dev/null; }
check "no tunnel to the host's Temporal" eval '! forward'

# Files and processes.
check "own files can be written" inside 'echo mine >~/mine && echo mine >/tmp/mine'
same "and read" $'mine\nmine' "$(inside 'cat ~/mine /tmp/mine')"
same "another allocation's /tmp is another" "" "$(neighbour 'cat /tmp/mine 2>/dev/null')"
file=$(find "$NODE_STATE" -path '*/home/mine')
same "the home lies on the host" mine "$(cat "$file")"
same "another allocation's home is not readable" "" "$(neighbour "cat /home/*/mine '$file' 2>/dev/null")"
check "the control plane's state lies on the host" ls "$STATE" "$SECRETS"
same "the control plane's state is not readable" "" "$(inside "ls '$STATE' '$SECRETS' 2>/dev/null")"
marker="marker$RANDOM$RANDOM"
sees() { "$1" "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | if grep -qE '$2'; then echo 1; else echo 0; fi"; } # WHO PATTERN: 1 if so, else 0
neighbour "setsid bash -c 'exec -a $marker sleep 60' >/dev/null 2>&1 </dev/null &"
sees_its_own() { [ "$(sees neighbour "[m]${marker#m}")" = 1 ]; }
check "an allocation sees its own processes" eventually 10 sees_its_own
same "another allocation's processes are not visible" 0 "$(sees inside "[m]${marker#m}")"
host() { bash -c "$1"; }
for pattern in 'gpuaas-[w]orker' '[p]ostgres'; do
  same "the host runs $pattern" 1 "$(sees host "$pattern")"
  same "which is not visible inside" 0 "$(sees inside "$pattern")"
done
check "no way to become root" eval '! inside "sudo -n true || su -c true </dev/null"'

# GPUs and the neighbour's ports.
same "each has its own GPU" 2 "$({ inside 'echo $NVIDIA_VISIBLE_DEVICES'; neighbour 'echo $NVIDIA_VISIBLE_DEVICES'; } | sort -u | grep -c .)"
same "only its own device node is there" 1 "$(inside 'ls /dev | grep -cE "^nvidia[0-9]+$"')"
peer=$(neighbour "hostname -I 2>/dev/null || ip -4 -o addr show scope global | awk '{sub(\"/.*\", \"\", \$4); print \$4}'" | awk '{print $1}')
check "the neighbour's address is known to this test" [ -n "$peer" ]
neighbour "setsid timeout 60 python3 -m http.server 8000 >/dev/null 2>&1 </dev/null & sleep 0.1"
listens() { neighbour "timeout 3 bash -c 'exec 3<>/dev/tcp/$peer/8000'"; }
check "the neighbour listens on a port" eventually 10 listens
same "no way to the neighbour's ports" "" "$(reachable "$peer:22" "$peer:8000")"
