# gpuaas-api: signs node certificates at enrolment, gets its own client certificate, signs tokens, derives one-time secrets.
path "pki/sign/node" { capabilities = ["update"] }
path "pki/cert/ca" { capabilities = ["read"] }
path "pki/issue/service" {
  capabilities       = ["update"]
  allowed_parameters = { "common_name" = ["api"], "*" = [] }
}
path "pki/sign/service" {
  capabilities       = ["update"]
  allowed_parameters = { "common_name" = ["api"], "*" = [] }
}
path "transit/sign/jwt-signing" { capabilities = ["update"] }
path "transit/sign/jwt-signing/*" { capabilities = ["update"] }
path "transit/keys/jwt-signing" { capabilities = ["read"] }
path "transit/hmac/derive" { capabilities = ["update"] }
path "transit/hmac/derive/*" { capabilities = ["update"] }
path "secret/data/gpuaas/*" { capabilities = ["read"] }
path "secret/metadata/gpuaas/*" { capabilities = ["read", "list"] }
