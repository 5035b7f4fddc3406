# shellcheck shell=bash
# The edge: nginx with a certificate of the vault's PKI; one public port, one for node agents.

EDGE=$STATE/edge
EDGE_LISTEN=${GPUAAS_EDGE_LISTEN:-127.0.0.1}

# A certificate for the edge: made when there is none, when it ends within a week, or when the root is another.
edge_certificate() {
  if openssl x509 -in "$TLS/edge.pem" -noout -checkend 604800 >/dev/null 2>&1 &&
    openssl verify -CAfile "$TLS/ca.pem" "$TLS/edge.pem" >/dev/null 2>&1; then return; fi
  local issued
  issued=$(vault_call POST pki/issue/edge '{"common_name": "localhost", "alt_names": "gpuaas.local", "ip_sans": "127.0.0.1", "ttl": "720h"}')
  (umask 077 && jq -r .data.private_key <<<"$issued" >"$TLS/edge.key")
  jq -r '.data.certificate, .data.issuing_ca' <<<"$issued" >"$TLS/edge.pem"
}

# The envelope for each of nginx's own errors.
edge_errors() {
  local from to code message retry
  while read -r from to code message; do
    [[ $from =~ ^[0-9]+$ ]] || continue
    retry=""
    if [ "$to" = 429 ] || [ "$to" = 503 ]; then retry=' add_header Retry-After 1 always;'; fi
    printf 'error_page %s =%s /_edge/%s;\n' "$from" "$to" "$from"
    printf 'location = /_edge/%s { internal; client_max_body_size 0; add_header X-Correlation-Id $correlation_id always;%s\n' "$from" "$retry"
    printf '  return %s '"'"'{"code":"%s","message":"%s","correlation_id":"$correlation_id","details":{}}'"'"'; }\n' "$to" "$code" "$message"
  done <"$ROOT/deploy/edge/errors"
}

edge_fill() {
  sed -e "s|@EDGE@|$EDGE|g; s|@LOGS@|$LOGS|g; s|@TLS@|$TLS|g; s|@LISTEN@|$EDGE_LISTEN|g; s|@RATE@|${GPUAAS_EDGE_RATE:-1000}|g" \
    -e "s|@EDGE_PORT@|$EDGE_PORT|g; s|@AGENT_EDGE_PORT@|$AGENT_EDGE_PORT|g; s|@API_PORT@|$API_PORT|g"
}

edge_configure() {
  install -d -m 755 "$EDGE"
  install -d -o www-data -g www-data -m 700 "$EDGE"/{body,proxy,unused}
  # By this the API knows the edge: anybody on this host can reach its port and claim a certificate.
  (umask 077 && printf 'proxy_set_header X-Edge-Secret "%s";\n' "$(secret_file edge)" >"$EDGE/secret.conf")
  edge_errors | edge_fill >"$EDGE/errors.conf"
  edge_fill <"$ROOT/deploy/edge/nginx.conf.template" >"$EDGE/nginx.conf"
  nginx -t -q -p "$EDGE" -c "$EDGE/nginx.conf" >>"$LOGS/edge.log" 2>&1 || { fail_with_log edge "has a wrong configuration"; return 1; }
}

# nginx's workers outlive a killed master, and keep its ports. They are of its session, whose number the kernel gives to
# nobody else while one of them lives.
edge_end_orphans() {
  local pid started
  { read -r pid started <"$RUN/edge.pid"; } 2>/dev/null || return 0
  if ! start_time_of "$pid" >/dev/null && pkill -TERM -s "$pid"; then
    for _ in $(seq 100); do pgrep -s "$pid" >/dev/null || return 0; sleep 0.1; done
    pkill -KILL -s "$pid" || true
  fi
}

edge_start() {
  local pid
  edge_end_orphans
  edge_certificate
  edge_configure
  if pid=$(process_pid edge); then kill -HUP "$pid"; else start_process edge nginx -p "$EDGE" -c "$EDGE/nginx.conf"; fi
  wait_until 15 edge edge_health
}

edge_stop() { edge_end_orphans; stop_process edge; }
edge_health() { http_ok --cacert "$TLS/ca.pem" "https://localhost:$EDGE_PORT/health/live"; }
edge_address() { say "https://localhost:$EDGE_PORT   agents :$AGENT_EDGE_PORT"; }
edge_title() { say "Edge (nginx)"; }
