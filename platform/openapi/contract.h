#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gpuaas::platform {

// What a request of an operation has to bring to be let in.
enum class Credential { kNone, kBearer, kClientCertificate };

struct Operation {
  std::string id;      // operationId
  std::string method;  // "POST"
  std::string path;    // template
  Credential credential = Credential::kBearer;
  bool takes_idempotency_key = false;
  bool takes_body = false;
  bool body_required = false;
  std::size_t max_body_bytes = 0;  // x-max-body-bytes of the operation, 65536 without one
};

// An OpenAPI 3.1 document that keeps to keywords with the same meaning in JSON Schema draft 7: the routes, and whether
// requests and answers are as it says. Immutable, hence thread-safe.
class Contract {
 public:
  // kInvalidArgument: not YAML, or a document that it does not understand (says where).
  static absl::StatusOr<std::unique_ptr<Contract>> Parse(std::string_view yaml);
  ~Contract();

  const std::vector<Operation>& operations() const { return operations_; }
  const Operation* Find(std::string_view operation_id) const;
  // The document as JSON.
  const nlohmann::json& document() const;

  // Checks query and header parameters by the operation's schemas; path parameters are the router's. Missing headers
  // that are required are not reported here when they have codes of their own (X-Idempotency-Key).
  // kInvalidArgument with details.fields, every fault at once: [{"field": "limit", "problem": "..."}].
  absl::Status CheckParameters(const Operation& operation, const std::map<std::string, std::string>& query,
                               const std::map<std::string, std::string>& headers) const;

  // Checks a body. kInvalidArgument with details.fields.
  absl::Status CheckBody(const Operation& operation, const nlohmann::json& body) const;

  // Checks an answer by the schema of its status, or of `default`. kInvalidArgument says what does not fit.
  absl::Status CheckResponse(const Operation& operation, int status, const nlohmann::json& body) const;

 private:
  struct Schemas;
  Contract();

  std::vector<Operation> operations_;
  std::unique_ptr<Schemas> schemas_;
};

// Parses a body that strangers sent: kMalformedRequest for text that is no JSON, is nested deeper than 32 levels, names
// a member twice or holds a NUL character.
absl::StatusOr<nlohmann::json> ParseJsonStrictly(std::string_view text);

}  // namespace gpuaas::platform
