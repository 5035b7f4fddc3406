# shellcheck shell=bash
# OpenBao with its own storage (raft, one node). Dev only: the unseal key and the root token lie in secrets/vault-init.json (0600) beside the
# data they protect, and the listener is plain HTTP on loopback.

BAO=$CACHE/bin/bao
VAULT_URL=http://127.0.0.1:$VAULT_PORT
VAULT_INIT=$SECRETS/vault-init.json

# vault_call METHOD PATH [JSON]: the answer on stdout; fails on an HTTP error. Token and body never show in a process list.
vault_call() {
  printf '%s' "${3:-}" | curl -sS --fail-with-body --max-time 20 -X "$1" -H @<(printf 'X-Vault-Token: %s\n' "$(vault_root_token)") \
    ${3:+--data-binary @-} "$VAULT_URL/v1/$2"
}

vault_root_token() { jq -r .root_token "$VAULT_INIT" 2>/dev/null || true; }

vault_start() {
  mkdir -p "$STATE/vault/data"
  chmod 700 "$STATE/vault"
  cat >"$STATE/vault/config.hcl" <<CONF
storage "raft" {
  path                   = "$STATE/vault/data"
  node_id                = "vault-0"
  performance_multiplier = 1
}
listener "tcp" {
  address     = "127.0.0.1:$VAULT_PORT"
  cluster_address = "127.0.0.1:0"
  tls_disable = true
}
api_addr     = "$VAULT_URL"
cluster_addr = "http://127.0.0.1:0"
ui           = true
CONF
  start_process vault "$BAO" server -config "$STATE/vault/config.hcl"
  wait_until 60 vault vault_answers
  vault_unseal
  wait_until 30 vault vault_health
  "$ROOT/deploy/vault/setup" >>"$LOGS/vault.log" 2>&1 || { fail_with_log vault "setup failed"; return 1; }
}

vault_unseal() {
  if ! vault_call GET sys/init | jq -e .initialized >/dev/null; then
    (umask 077 && vault_call POST sys/init '{"secret_shares": 1, "secret_threshold": 1}' >"$VAULT_INIT.new" && mv "$VAULT_INIT.new" "$VAULT_INIT")
  fi
  if vault_call GET sys/seal-status | jq -e .sealed >/dev/null; then
    [ -s "$VAULT_INIT" ] || die "the vault is sealed and $VAULT_INIT is gone; deploy/down --purge starts afresh"
    vault_call POST sys/unseal "$(jq -c '{key: .keys_base64[0]}' "$VAULT_INIT")" >/dev/null
  fi
}

vault_stop() { stop_process vault; }
vault_answers() { curl -s --max-time 2 -o /dev/null "$VAULT_URL/v1/sys/health"; }
vault_health() { http_ok "$VAULT_URL/v1/sys/health"; }
vault_address() { say "$VAULT_URL"; }
vault_title() { say "OpenBao"; }
