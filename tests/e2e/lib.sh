# shellcheck shell=bash
# For the shell tests: logins of their own against the stack that tests/run has started, and "ok"/"not ok" lines.
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib/common.sh"
set +e

E2E=$(mktemp -d "$STATE/e2e.XXXXXX")
URL=https://localhost:$EDGE_PORT
REGION_OF_TESTS=$REGION
export GPUAAS_REGION=$REGION_OF_TESTS

# Commands that undo what a test has done; the last one first.
cleanups=()
trap 'for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do eval "${cleanups[i]}"; done >/dev/null 2>&1; rm -rf "$E2E"' EXIT

# check NAME COMMAND...: one test; on failure the command's output follows.
check() {
  local name=$1 out
  shift
  if out=$("$@" 2>&1); then say "ok $name"; else printf 'not ok %s\n' "$name"; printf '%s\n' "$out" | tail -n 5 | cut -c1-300 | sed 's/^/  | /'; return 1; fi
}

# same NAME EXPECTED ACTUAL
same() {
  if [ "$2" = "$3" ]; then say "ok $1"; else printf 'not ok %s\n  | expected: %s\n  | actual:   %s\n' "$1" "$2" "${3:0:400}"; return 1; fi
}

# eventually SECONDS COMMAND...: polls it until it succeeds; fails at the bound.
eventually() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.3
  done
}

# kill_part NAME: ends a part of the stack without a word, and waits until it is gone: what is starting again must not find it.
kill_part() {
  local pid
  pid=$(process_pid "$1") || return 1
  kill -KILL "$pid"
  gone() { ! process_pid "$1" >/dev/null; }
  eventually 10 gone "$1"
}

# give_up NAME: what follows has no sense without this.
give_up() { printf 'not ok %s\n' "$1"; exit 1; }

# user NAME: logs in as a development user; "as NAME ARGUMENT..." is the CLI with that login.
user() { dev_login "$E2E/$1" "$1" || give_up "dev-login as $1"; }
as() { local who=$1; shift; cli_as "$E2E/$who" "$@"; }
token_of() { jq -r '.access_token' "$E2E/$1/credentials.json"; }

# api METHOD PATH [BODY] [CURL-ARGUMENT...]: sets status and body; the token is that of $caller, if set.
api() {
  local method=$1 path=$2 data=${3:-} headers=()
  shift $(($# < 3 ? $# : 3))
  if [ -n "${caller:-}" ]; then headers+=(-H "Authorization: Bearer ${token:-$(token_of "$caller")}"); fi
  if [ -n "$data" ]; then headers+=(-H "Content-Type: application/json" --data-binary "$data"); fi
  body=$(curl -sS --max-time 30 --cacert "$TLS/ca.pem" -X "$method" "${headers[@]}" -w '\n%{http_code}' "$@" "$URL$path" 2>&1)
  status=${body##*$'\n'} body=${body%$'\n'*}
}

# refused NAME STATUS CODE: the last answer was that refusal, in the envelope and with a correlation id.
refused() {
  local code
  code=$(jq -r 'if (.message | type) == "string" and (.correlation_id | length) > 0 and has("details") then .code else "no envelope" end' <<<"$body" 2>/dev/null)
  same "$1" "$2 $3" "$status $code"
}

state_of() { as "$1" allocations get "$2" --output json | jq -r .state; } # USER ID
is_state() { [ "$(state_of "$1" "$2")" = "$3" ]; }                           # USER ID STATE

new_key() { printf 'e2e-%s' "$(random_secret | head -c 24)"; }

# ssh_key_of USER: an SSH key pair in $E2E/USER.key, registered; prints its id.
ssh_key_of() {
  [ -e "$E2E/$1.key" ] || ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$E2E/$1.key"
  as "$1" ssh-keys create --name "e2e-$(random_secret | head -c 8)" --public-key-file "$E2E/$1.key.pub" --output json | jq -r .id
}

# create_active USER KEY GPUS: an allocation that has become active; prints its id. It is released when the test ends.
create_active() {
  local id
  id=$(as "$1" allocations create --sku h200-sxm-slice --gpus "$3" --region "$REGION" --ssh-key-id "$2" --output json | jq -r .id) || return 1
  as "$1" allocations get "$id" --watch --timeout 120s --output json >/dev/null || return 1
  printf '%s' "$id"
}

# in_allocation USER ID COMMAND: runs it over SSH inside the allocation.
in_allocation() { as "$1" allocations connect "$2" -i "$E2E/$1.key" -- "$3" </dev/null; }
