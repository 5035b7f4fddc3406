#!/bin/sh
# Makes this Debian 12 machine a node of the control plane that serves this script; `gpuaas nodes enrol` prints the
# one command that fetches and runs it. Safe to repeat: a node that is enrolled is only started.
#   GPUAAS_ENROL_TOKEN      one-time token (needed once)
#   GPUAAS_NODE_CA          file with the authority of the control plane's certificate; default: the usual trust store
#   GPUAAS_NODE_INVENTORY   declared inventory (YAML), for machines without GPUs; default: what the driver says
#   GPUAAS_NODE_LISTEN      default 0.0.0.0:7443
#   GPUAAS_NODE_ADVERTISE   host:port where the control plane reaches the agent; default: first address, port of LISTEN
#   GPUAAS_NODE_STATE_DIR   default /var/lib/gpuaas-node
#   GPUAAS_NODE_PROGRAM     default /usr/local/sbin/gpuaas-node-agent
#   GPUAAS_NODE_FLAGS       further flags of `gpuaas-node-agent run`
set -eu
umask 022
agent_url=@AGENT_URL@
state=${GPUAAS_NODE_STATE_DIR:-/var/lib/gpuaas-node}
program=${GPUAAS_NODE_PROGRAM:-/usr/local/sbin/gpuaas-node-agent}
listen=${GPUAAS_NODE_LISTEN:-0.0.0.0:7443}
# Only `enrol` gets it, not every program started here.
token=${GPUAAS_ENROL_TOKEN:-}
unset GPUAAS_ENROL_TOKEN

say() { echo "gpuaas: $*"; }
die() { echo "gpuaas: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "run this as root"
[ "$(uname -m)" = x86_64 ] || die "only x86_64 machines can be nodes"

missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
library() { ldconfig -p | grep -qF "$1" || missing="$missing $2"; }
need curl curl
need ip iproute2
need nft nftables
need useradd passwd
need ssh-keygen openssh-client
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
library libgrpc++.so.1.51 libgrpc++1.51
library libyaml-cpp.so.0.7 libyaml-cpp0.7
library libspdlog.so.1.10 libspdlog1.10
library libabsl_status.so.20220623 libabsl20220623
if [ -n "$missing" ]; then
  say "installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

fetch() { curl -fsS --retry 5 --retry-connrefused ${GPUAAS_NODE_CA:+--cacert "$GPUAAS_NODE_CA"} "$@"; }
say "fetching the agent from $agent_url"
mkdir -p "$(dirname "$program")"
fetch -D "$program.headers" -o "$program.new" "$agent_url/api/v1/nodes/agent"
want=$(tr -d '\r' <"$program.headers" | awk 'tolower($1) == "x-content-sha256:" {print $2}')
rm -f "$program.headers"
[ "$want" = "$(sha256sum "$program.new" | cut -d' ' -f1)" ] || die "the agent arrived damaged"
chmod 755 "$program.new"
"$program.new" --version >/dev/null || die "the agent does not run on this machine"
mv "$program.new" "$program"

if [ ! -e "$state/node.json" ]; then
  [ -n "$token" ] || die "GPUAAS_ENROL_TOKEN is not set"
  port=${listen##*:}
  address=$(ip -4 -o addr show scope global | awk 'NR == 1 {sub("/.*", "", $4); print $4}')
  advertise=${GPUAAS_NODE_ADVERTISE:-$address:$port}
  mkdir -p "$state"
  say "enrolling as $advertise"
  node=$(printf '%s\n' "$token" | "$program" enrol --url "$agent_url" --state-dir "$state" --listen "$listen" \
    --advertise "$advertise" ${GPUAAS_NODE_CA:+--ca-file "$GPUAAS_NODE_CA"} \
    ${GPUAAS_NODE_INVENTORY:+--inventory "$GPUAAS_NODE_INVENTORY"})
  say "enrolled: $node"
fi

if [ -d /run/systemd/system ]; then
  # The sandboxes' processes are the agent's descendants and must go on when it is restarted: only the agent is ended.
  cat >/etc/systemd/system/gpuaas-node-agent.service <<UNIT
[Unit]
Description=GPUaaS node agent
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=$program run --state-dir $state ${GPUAAS_NODE_FLAGS:-}
Restart=always
RestartSec=2
KillMode=process
Delegate=yes

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --quiet gpuaas-node-agent.service
  systemctl restart gpuaas-node-agent.service
else
  # Another process may have the number by now: ours runs the agent on this folder, from a file that was replaced above.
  pid=$(cat "$state/agent.pid" 2>/dev/null || echo none)
  case $(readlink "/proc/$pid/exe" 2>/dev/null) in
    "$program" | "$program (deleted)")
      if tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF -- "$state"; then kill "$pid"; fi
      ;;
  esac
  # An agent lets go of its lock when it has ended.
  flock -w 15 "$state/lock" true || die "another agent runs on $state and does not end"
  # shellcheck disable=SC2086
  setsid "$program" run --state-dir "$state" ${GPUAAS_NODE_FLAGS:-} >>"$state/agent.log" 2>&1 </dev/null &
  echo $! >"$state/agent.pid"
fi
say "the agent runs; 'gpuaas nodes list' shows it"
