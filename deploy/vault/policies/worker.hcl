# gpuaas-worker: its own client certificate for the node agents, and the secrets that its activities hand to nodes.
path "pki/cert/ca" { capabilities = ["read"] }
path "pki/issue/service" {
  capabilities       = ["update"]
  allowed_parameters = { "common_name" = ["worker"], "*" = [] }
}
path "pki/sign/service" {
  capabilities       = ["update"]
  allowed_parameters = { "common_name" = ["worker"], "*" = [] }
}
# A reclaimed or lost node's certificate.
path "pki/revoke" { capabilities = ["update"] }
path "secret/data/gpuaas/*" { capabilities = ["read"] }
