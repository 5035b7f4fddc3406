#!/usr/bin/env bash
# What people and attackers send: each has its code, in the envelope.
. "$(dirname "$0")/lib.sh"
user dev-user
user other-user
key=$(ssh_key_of dev-user) || give_up "ssh-keys create"
A=/api/v1/allocations
caller=dev-user

request() { # JQ-EDIT: the body of a good request, edited
  jq -nc --arg region "$REGION" --arg key "$key" '{sku: "h200-sxm-slice", gpus: 1, region: $region, ssh_key_ids: [$key]}' | jq -c "${1:-.}"
}
create() { api POST $A "$1" -H "X-Idempotency-Key: $(new_key)"; }

create "$(request '.sku = "h9000"')"; refused "unknown SKU" 400 unknown_sku
create "$(request '.region = "moon-1"')"; refused "unknown region" 400 unknown_region
create "$(request '.ssh_key_ids = ["key_00000000000000000000000000"]')"; refused "unknown SSH key" 400 unknown_ssh_key
for gpus in 0 -1 1000000; do create "$(request ".gpus = $gpus")"; refused "$gpus GPUs" 400 invalid_argument; done
for gpus in '"two"' 1.5 null '[]' '{}'; do create "$(request ".gpus = $gpus")"; refused "GPUs of the wrong type: $gpus" 400 invalid_argument; done
create '{"sku": '; refused "malformed JSON" 400 malformed_request
create '[]'; refused "not an object" 400 invalid_argument
create "$(request '.surprise = 1')"; refused "unknown field" 400 invalid_argument
api POST $A "$(request)"; refused "no idempotency key" 400 idempotency_key_required
api POST $A "$(request)" -H "X-Idempotency-Key: $(printf 'k%.0s' {1..200})"; refused "idempotency key too long" 400 idempotency_key_invalid
api POST $A "" -H "X-Idempotency-Key: $(new_key)" -H 'Content-Type: text/plain' -d 'hello'; refused "not JSON" 415 unsupported_media_type
head -c 2000000 /dev/zero | tr '\0' ' ' >"$E2E/big"
api POST $A "@$E2E/big" -H "X-Idempotency-Key: $(new_key)"; refused "oversized body" 413 payload_too_large
api GET "$A?limit=-1"; refused "negative limit" 400 invalid_argument
api GET "$A?cursor=%00"; refused "damaged cursor" 400 invalid_argument
api GET "$A?cursor=%ff"; refused "a query that is no UTF-8" 400 malformed_request
api POST "$A/%ff/release" '{}' -H "X-Idempotency-Key: $(new_key)"; refused "a path that is no UTF-8" 400 malformed_request
api GET "$A/..%2f..%2fetc"; refused "path tricks" 404 not_found
api GET "$A/alloc_'%20OR%201=1"; refused "SQL in an id" 404 not_found
api DELETE $A; refused "unknown method" 405 method_not_allowed
api GET /api/v1/nothing; refused "unknown route" 404 not_found

k=$(new_key)
api POST $A "$(request)" -H "X-Idempotency-Key: $k"
id=$(jq -r .id <<<"$body")
same "a good request is accepted" 202 "$status"
cleanups+=("as dev-user allocations release $id --yes")
api POST $A "$(request '.gpus = 2')" -H "X-Idempotency-Key: $k"; refused "a key reused with another body" 409 idempotency_key_reused
api POST $A "$(request)" -H "X-Idempotency-Key: $k"; same "a key reused with the same body" "202 $id" "$status $(jq -r .id <<<"$body")"

caller=other-user
api GET "$A/$id"; refused "another tenant's allocation" 404 not_found
api GET "$A/$id/history"; refused "another tenant's history" 404 not_found
api GET "$A/$id/events"; refused "another tenant's events" 404 not_found
api GET "$A/$id/connection"; refused "another tenant's connection" 404 not_found
api POST "$A/$id/release" '{}' -H "X-Idempotency-Key: $(new_key)"; refused "releasing another tenant's allocation" 404 not_found
create "$(request)"; refused "another tenant's SSH key" 400 unknown_ssh_key
api GET $A "" -H "X-Tenant: acme"; refused "another tenant by header" 404 not_found
api GET /api/v1/nodes; refused "nodes need a platform role" 403 permission_denied

caller=dev-user
api GET $A "" -H "X-Project: no-such-project"; refused "unknown project" 404 not_found
good=$(token_of dev-user)
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
claims() { cut -d. -f2 <<<"$good" | tr '_-' '/+' | { read -r c; printf '%s' "$c$(printf '%*s' $(((4 - ${#c} % 4) % 4)) '' | tr ' ' '=')"; } | base64 -d; }
# sign CLAIMS: a token that the vault's key really signs, whatever it says.
sign() {
  local head kid signature
  head=$(cut -d. -f1 <<<"$good")
  kid=$head.$(printf '%s' "$1" | b64)
  signature=$(vault_call POST transit/sign/jwt-signing/sha2-256 "$(jq -nc --arg i "$(printf '%s' "$kid" | base64 -w0)" '{input: $i, signature_algorithm: "pkcs1v15", marshaling_algorithm: "jws"}')" | jq -r .data.signature)
  printf '%s.%s' "$kid" "${signature##*:}"
}
try() { token=$1; api GET $A; unset token; }
try "$(sign "$(claims | jq -c .)")"; same "a token signed the same way is good" 200 "$status"
try "$(sign "$(claims | jq -c '.exp = .iat - 10 | .nbf = .iat - 1000 | .iat = .iat - 1000')")"; refused "expired token" 401 token_expired
try "$(sign "$(claims | jq -c '.aud = "another"')")"; refused "token for another audience" 401 token_invalid
try "$(sign "$(claims | jq -c '.iss = "another"')")"; refused "token of another issuer" 401 token_invalid
try "$(printf '{"alg":"none","typ":"JWT"}' | b64).$(claims | b64)."; refused "alg none" 401 token_invalid
try "$(printf '{"alg":"HS256","typ":"JWT"}' | b64).$(claims | b64).$(printf x | b64)"; refused "alg HS256" 401 token_invalid
try "$(cut -d. -f1 <<<"$good").$(claims | jq -c '.platform_roles = ["platform_admin"]' | tr -d '\n' | b64).$(cut -d. -f3 <<<"$good")"; refused "forged claims" 401 token_invalid
try "garbage"; refused "no token at all" 401 token_invalid
caller=""
api GET $A; refused "no credentials" 401 unauthenticated
api POST /api/v1/auth/dev-login '{"username": "dev-user", "password": "wrong"}'; refused "wrong password" 401 invalid_credentials
api POST /api/v1/auth/dev-login '{"username": "nobody", "password": "dev123"}'; refused "unknown user" 401 invalid_credentials
