#!/usr/bin/env bash
# The edge's own refusals: TLS, limits, strict parsing, what is not public. Each in the envelope.
. "$(dirname "$0")/lib.sh"

raw() { # PORT TEXT: sends it over TLS as it is; sets status and body
  local answer
  answer=$(printf '%b' "$2" | timeout 10 openssl s_client -quiet -CAfile "$TLS/ca.pem" -connect "localhost:$1" 2>/dev/null | tr -d '\r')
  status=$(head -n 1 <<<"$answer" | cut -d' ' -f2) body=$(sed '1,/^$/d' <<<"$answer")
}
big=$(printf 'a%.0s' {1..20000})

api GET /health/live; same "the API answers through the edge" 200 "$status"
api GET /metrics; refused "/metrics is not public" 404 not_found
api POST /agent/v1/heartbeat '{}'; refused "agents' routes are not on the public port" 404 not_found
api GET "/$big"; refused "a URI too long" 414 uri_too_long
api GET /health "" -H "X-Big: $big"; refused "a header too large" 431 headers_too_large
head -c 1100000 /dev/zero >"$E2E/big"
api POST /api/v1/allocations "@$E2E/big"; refused "a body too large" 413 payload_too_large
api POST /api/v1/allocations "@$E2E/big" -H 'Transfer-Encoding: chunked' -H 'X-Idempotency-Key: k'; refused "a chunked body too large" 413 payload_too_large
raw "$EDGE_PORT" 'GET /health HTTP/3.0\r\nHost: x\r\n\r\n'; refused "an unknown version of HTTP" 505 http_version_not_supported
raw "$EDGE_PORT" 'POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n'; refused "an unknown transfer encoding" 501 not_implemented
raw "$EDGE_PORT" 'POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'; refused "two lengths" 400 malformed_request
raw "$EDGE_PORT" 'NONSENSE\r\n\r\n'; refused "nonsense" 400 malformed_request
api GET /health/live "" -H 'X-Correlation-Id: corr-of-mine' -D "$E2E/headers"
check "a correlation id is returned" grep -qi '^x-correlation-id: corr-of-mine' "$E2E/headers"
check "TLS 1.1 is refused" eval '! openssl s_client -connect localhost:$EDGE_PORT -tls1_1 -cipher ALL@SECLEVEL=0 </dev/null'
check "TLS 1.2 is spoken" eval 'openssl s_client -connect localhost:$EDGE_PORT -tls1_2 -CAfile "$TLS/ca.pem" -verify_return_error </dev/null'

URL=https://localhost:$AGENT_EDGE_PORT
api GET /api/v1/allocations; refused "the agents' port has no public routes" 404 not_found
api POST /agent/v1/heartbeat '{}'; refused "an agent without a certificate" 401 unauthenticated
api POST /agent/v1/heartbeat '{}' -H 'X-Client-Verify: SUCCESS' -H 'X-Client-Subject: CN=node_0'; refused "an agent that claims a certificate" 401 unauthenticated
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$E2E/evil.key" -subj /CN=node_0 -out "$E2E/evil.pem" 2>/dev/null
api POST /agent/v1/heartbeat '{}' --cert "$E2E/evil.pem" --key "$E2E/evil.key"; refused "an agent with a certificate of its own making" 401 unauthenticated
api GET /api/v1/nodes/bootstrap.sh; same "the bootstrap script needs no certificate" 200 "$status"

URL=http://127.0.0.1:$API_PORT
claim=(-H 'X-Client-Verify: SUCCESS' -H "X-Client-Subject: CN=node_$(printf '0%.0s' {1..26})")
api POST /agent/v1/heartbeat '{}' "${claim[@]}"; refused "somebody on this host who claims a certificate" 401 unauthenticated
api POST /agent/v1/heartbeat '{}' "${claim[@]}" -H "X-Edge-Secret: $(random_secret)"; refused "and who guesses the edge's secret" 401 unauthenticated
same "the edge's secret is for root" "600 600" "$(stat -c %a "$SECRETS/edge" "$EDGE/secret.conf" | xargs)"
check "and in no log" eval '! grep -rqFf "$SECRETS/edge" "$LOGS"'
