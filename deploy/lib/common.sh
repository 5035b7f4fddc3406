# shellcheck shell=bash
# Shared by deploy/* and tests/run: where things lie, how processes are started, awaited and stopped.
# Every variable can be set by the caller, so that several stacks run beside each other.
set -euo pipefail
umask 022

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${GPUAAS_CACHE_DIR:-$HOME/.cache/gpuaas}
STATE=${GPUAAS_STATE_DIR:-/var/lib/gpuaas}
BUILD=${GPUAAS_BUILD_DIR:-$ROOT/build}
BIN=$BUILD/bin
RUN=$STATE/run LOGS=$STATE/logs SECRETS=$STATE/secrets TLS=$STATE/tls

EDGE_PORT=${GPUAAS_EDGE_PORT:-8443}
AGENT_EDGE_PORT=${GPUAAS_AGENT_EDGE_PORT:-8444}
API_PORT=${GPUAAS_API_PORT:-8080}
WORKER_PORT=${GPUAAS_WORKER_PORT:-8081}
NODE_PORT=${GPUAAS_NODE_PORT:-7443}
TEMPORAL_PORT=${GPUAAS_TEMPORAL_PORT:-7233}
TEMPORAL_UI_PORT=${GPUAAS_TEMPORAL_UI_PORT:-8233}
POSTGRES_PORT=${GPUAAS_POSTGRES_PORT:-15432}
VAULT_PORT=${GPUAAS_VAULT_PORT:-8200}
REGION=${GPUAAS_REGION:-us-buffalo-1}

PROGRAMS=(gpuaas gpuaas-api gpuaas-worker gpuaas-node-agent)
ALL_PARTS=(postgres temporal vault migrations api worker edge node)

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# What a command is for stands at its head.
usage() { sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$0"; }
case ${1:-} in -h | --help) usage; exit 0 ;; esac

require_root() {
  [ "$(id -u)" = 0 ] && return
  command -v sudo >/dev/null || die "needs root, and there is no sudo"
  exec sudo --preserve-env "HOME=$HOME" "$0" "$@"
}

# The state folder is ours alone from the start, by this mark: what --purge deletes in it has names that others use, too.
STATE_MARK=$STATE/.gpuaas-state

make_state_folders() {
  if [ ! -e "$STATE_MARK" ]; then
    [ -z "$(ls -A --ignore=lost+found "$STATE" 2>/dev/null)" ] ||
      die "$STATE holds things that deploy/up has not made: set GPUAAS_STATE_DIR to a folder of its own (one from before there was this check: touch $STATE_MARK)"
    mkdir -p "$STATE"
    : >"$STATE_MARK"
  fi
  mkdir -p "$RUN" "$LOGS" "$TLS" "$SECRETS"
  chmod 755 "$STATE" "$TLS"
  chmod 700 "$SECRETS" "$RUN" "$LOGS"
}

# random_secret: 32 random bytes in hexadecimal.
random_secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# secret_file NAME: prints the secret of that name, made on first use, readable by root only.
secret_file() {
  local file=$SECRETS/$1
  [ -s "$file" ] || (umask 077 && random_secret >"$file.new" && mv "$file.new" "$file")
  cat "$file"
}

# --- processes: one is ours if its pid and its start time are those we wrote down ---

start_time_of() { # PID -> clock ticks since boot; fails if there is no such process
  local line
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${line##*) }
  [ "$1" != Z ] && printf '%s' "${20}"
}

remember_process() { printf '%s %s\n' "$2" "$(start_time_of "$2")" >"$RUN/$1.pid"; } # NAME PID

process_pid() { # NAME -> pid, if it is running and ours
  local pid started now
  { read -r pid started <"$RUN/$1.pid"; } 2>/dev/null || return 1
  now=$(start_time_of "$pid") && [ "$now" = "$started" ] && printf '%s' "$pid"
}

# start_process NAME COMMAND...: runs it detached from this terminal, output in logs/NAME.log; nothing if it runs already.
start_process() {
  local name=$1
  shift
  process_pid "$name" >/dev/null && return
  setsid "$@" >>"$LOGS/$name.log" 2>&1 </dev/null 9>&- &
  remember_process "$name" $!
}

# start_service NAME COMMAND...: start_process for our own binaries, with the environment that NAME_settings exports; one that
# runs from a file which a build has replaced is restarted.
start_service() {
  local pid
  if pid=$(process_pid "$1") && [[ $(readlink "/proc/$pid/exe") == *" (deleted)" ]]; then "$1_stop"; fi
  ("$1_settings" && start_process "$@")
}

# stop_process NAME [SECONDS]: TERM, then KILL after the bound; never a process that we did not start.
stop_process() {
  local pid deadline=$((SECONDS + ${2:-15}))
  if pid=$(process_pid "$1"); then
    kill -TERM "$pid" 2>/dev/null || true
    while process_pid "$1" >/dev/null; do
      if [ $SECONDS -ge $deadline ]; then kill -KILL "$pid" 2>/dev/null || true; fi
      [ $SECONDS -lt $((deadline + 15)) ] || die "$1 (process $pid) does not end, not even by KILL"
      sleep 0.1
    done
  fi
  rm -f "$RUN/$1.pid"
}

# wait_until SECONDS NAME CHECK...: polls the check; gives up at the bound or when the process NAME is gone, with its last log lines.
wait_until() {
  local seconds=$1 name=$2 deadline=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! process_pid "$name" >/dev/null; then fail_with_log "$name" "ended while starting"; return 1; fi
    if [ $SECONDS -ge $deadline ]; then fail_with_log "$name" "not healthy after ${seconds}s"; return 1; fi
    sleep 0.1
  done
}

fail_with_log() {
  {
    say "$1 $2. Last lines of $LOGS/$1.log:"
    tail -n 20 "$LOGS/$1.log" | cut -c1-200 | sed 's/^/  | /'
  } >&2
}

http_ok() { curl -sf --max-time 2 -o /dev/null "$@"; }

for part in "${ALL_PARTS[@]}"; do
  # shellcheck disable=SC1090
  if [ -e "$ROOT/deploy/lib/$part.sh" ]; then . "$ROOT/deploy/lib/$part.sh"; fi
done
