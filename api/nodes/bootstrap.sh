#!/bin/sh
# Installs the node agent of this control plane and enrols the machine with the one-time token in GPUAAS_ENROL_TOKEN.
#   GPUAAS_NODE_CA         file with the authorities to trust (PEM); the system's if unset
#   GPUAAS_NODE_ADVERTISE  host:port at which the control plane reaches the agent; this host's name and port 7443 if unset
#   GPUAAS_NODE_INVENTORY  file that declares the GPUs; NVML is asked if unset
#   GPUAAS_NODE_STATE_DIR  /var/lib/gpuaas-node if unset
set -eu
umask 077
url=@AGENT_URL@
state=${GPUAAS_NODE_STATE_DIR:-/var/lib/gpuaas-node}
binary=/usr/local/bin/gpuaas-node-agent
port=7443

fail() { printf 'gpuaas: %s\n' "$1" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail "run this as root"
[ -n "${GPUAAS_ENROL_TOKEN:-}" ] || fail "GPUAAS_ENROL_TOKEN is not set"
for tool in curl sha256sum; do command -v "$tool" >/dev/null || fail "$tool is needed"; done

mkdir -p "$state"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${GPUAAS_NODE_CA:-}" ]; then
  cp "$GPUAAS_NODE_CA" "$state/edge-ca.pem"
  curl_ca="--cacert $state/edge-ca.pem"
  agent_ca="--ca-file $state/edge-ca.pem"
fi

printf 'gpuaas: fetching the node agent\n' >&2
# shellcheck disable=SC2086  # two words, or none
curl -fsS ${curl_ca:-} -D "$work/headers" -o "$work/agent" "$url/api/v1/nodes/agent"
want=$(tr -d '\r' <"$work/headers" | awk 'tolower($1) == "x-content-sha256:" { print $2 }')
have=$(sha256sum "$work/agent" | cut -d' ' -f1)
[ -n "$want" ] && [ "$want" = "$have" ] || fail "the agent arrived damaged"
install -m 0755 "$work/agent" "$binary"

advertise=${GPUAAS_NODE_ADVERTISE:-$(hostname -f 2>/dev/null || hostname):$port}
# shellcheck disable=SC2086
"$binary" enrol --url "$url" ${agent_ca:-} --state-dir "$state" --listen "0.0.0.0:${advertise##*:}" \
  --advertise "$advertise" ${GPUAAS_NODE_INVENTORY:+--inventory "$GPUAAS_NODE_INVENTORY"}
unset GPUAAS_ENROL_TOKEN

if [ -d /run/systemd/system ]; then
  cat >/etc/systemd/system/gpuaas-node-agent.service <<UNIT
[Unit]
Description=GPUaaS node agent
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=$binary run --state-dir $state
Restart=always
RestartSec=2
KillMode=process

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --now gpuaas-node-agent.service
  printf 'gpuaas: enrolled; the agent runs as gpuaas-node-agent.service\n' >&2
else
  printf 'gpuaas: enrolled; start the agent with: %s run --state-dir %s\n' "$binary" "$state" >&2
fi
