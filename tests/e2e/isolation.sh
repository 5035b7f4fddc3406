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

# Ports: of the host's loopback, and of the control plane by each of the host's addresses.
targets=()
for address in 127.0.0.1 $(ip -4 -o addr show scope global | awk '{sub("/.*", "", $4); print $4}'); do
  for port in "$TEMPORAL_PORT" "$TEMPORAL_UI_PORT" "$POSTGRES_PORT" "$VAULT_PORT" "$API_PORT" "$WORKER_PORT" "$EDGE_PORT" "$AGENT_EDGE_PORT" "$NODE_PORT"; do
    targets+=("$address:$port")
  done
done
check "there are addresses to try" [ ${#targets[@]} -gt 9 ]
same "no way to the host's loopback or the control plane's ports" "" "$(reachable "${targets[@]}")"
# SSH forwarding must not be the way around it.
connection=$(as dev-user allocations connect "$mine" -i "$E2E/dev-user.key" --output json)
forward() { timeout 8 bash -c "$(jq -r '.command | sub("^ssh "; "ssh -q -o BatchMode=yes -W 127.0.0.1:'"$TEMPORAL_PORT"' ")' <<<"$connection")" </dev/null; }
check "no tunnel to the host's Temporal" eval '! forward'

# Files and processes.
check "own files can be written" inside 'echo mine >~/mine && echo mine >/tmp/mine'
same "another allocation's /tmp is another" "" "$(neighbour 'cat /tmp/mine 2>/dev/null')"
same "another allocation's home is not readable" "" "$(neighbour 'cat /home/*/mine /var/lib/gpuaas/*/*/mine 2>/dev/null')"
same "the control plane's state is not readable" "" "$(inside "ls '$STATE' '$SECRETS' 2>/dev/null")"
marker="marker$RANDOM$RANDOM"
neighbour "exec -a $marker setsid sleep 60 >/dev/null 2>&1 </dev/null & sleep 0.1"
same "another allocation's processes are not visible" 0 "$(inside "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -c '[m]${marker#m}'")"
same "the host's processes are not visible" 0 "$(inside "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -cE 'gpuaas-[w]orker|[p]ostgres'")"
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
