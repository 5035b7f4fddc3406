#include "platform/openapi/contract.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "domain/status.h"
#include "platform/openapi/schema.h"
#include "platform/openapi/yaml.h"

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDefaultMaxBodyBytes = 64 << 10;
constexpr int kMaxReferenceDepth = 16;

// The value with every {"$ref": "#/..."} replaced by what it names.
Json Resolve(const Json& document, const Json& value, int depth = 0) {
  if (depth > kMaxReferenceDepth) throw std::runtime_error("references in a circle");
  if (value.is_object()) {
    if (auto it = value.find("$ref"); it != value.end()) {
      std::string reference = it->get<std::string>();
      if (!reference.starts_with("#/")) throw std::runtime_error("reference to " + reference);
      return Resolve(document, document.at(Json::json_pointer(reference.substr(1))), depth + 1);
    }
    Json result = Json::object();
    for (const auto& [name, member] : value.items()) result[name] = Resolve(document, member, depth);
    return result;
  }
  if (value.is_array()) {
    Json result = Json::array();
    for (const Json& item : value) result.push_back(Resolve(document, item, depth));
    return result;
  }
  return value;
}

// A parameter's text as the type that its schema wants; text that is no such value stays text, which the schema
// refuses.
Json FromText(const std::string& text, const Json& schema) {
  auto type = schema.find("type");
  if (type != schema.end() && *type == "integer") {
    std::int64_t integer = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (error == std::errc() && end == text.data() + text.size()) return integer;
  }
  if (type != schema.end() && *type == "boolean" && (text == "true" || text == "false")) return text == "true";
  return text;
}

Credential CredentialOf(const Json& security) {
  if (security.empty()) return Credential::kNone;
  return security[0].contains("bearer") ? Credential::kBearer : Credential::kClientCertificate;
}

absl::Status Faulty(std::string_view what, const std::vector<FieldFault>& faults) {
  if (faults.empty()) return absl::OkStatus();
  std::string message(what);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    message += (i == 0 ? ": " : "; ") + (faults[i].field.empty() ? "it" : faults[i].field) + " " + faults[i].problem;
  }
  return MakeError(ErrorCode::kInvalidArgument, message, Json{{"fields", FaultsToJson(faults)}}.dump());
}

}  // namespace

struct Contract::Schemas {
  struct Parameter {
    std::string name;
    bool in_query = false;
    bool required = false;
    std::unique_ptr<Schema> schema;
  };
  struct OfOperation {
    std::vector<Parameter> parameters;
    std::unique_ptr<Schema> body;
    std::map<std::string, std::unique_ptr<Schema>> responses;  // by status or "default"; JSON ones only
  };
  Json document;
  std::map<std::string, OfOperation> operations;
};

Contract::Contract() : schemas_(std::make_unique<Schemas>()) {}
Contract::~Contract() = default;

const Json& Contract::document() const { return schemas_->document; }

const Operation* Contract::Find(std::string_view operation_id) const {
  for (const Operation& operation : operations_) {
    if (operation.id == operation_id) return &operation;
  }
  return nullptr;
}

absl::StatusOr<std::unique_ptr<Contract>> Contract::Parse(std::string_view yaml) {
  std::unique_ptr<Contract> contract(new Contract());
  std::string where = "document";
  try {
    Json& document = contract->schemas_->document;
    document = YamlToJson(yaml);
    for (const auto& [path, item] : document.at("paths").items()) {
      for (const auto& [method, unresolved] : item.items()) {
        where = method + " " + path;
        Json spec = Resolve(document, unresolved);
        Operation operation;
        operation.id = spec.at("operationId").get<std::string>();
        operation.path = path;
        for (char c : method) operation.method += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        operation.credential = CredentialOf(spec.contains("security") ? spec["security"] : document.at("security"));
        operation.max_body_bytes = spec.value("x-max-body-bytes", kDefaultMaxBodyBytes);
        Schemas::OfOperation schemas;
        for (const Json& parameter : spec.value("parameters", Json::array())) {
          std::string name = parameter.at("name"), in = parameter.at("in");
          if (name == "X-Idempotency-Key") operation.takes_idempotency_key = true;
          if (in == "path" || name == "X-Idempotency-Key") continue;
          schemas.parameters.push_back({name, in == "query", parameter.value("required", false),
                                        std::make_unique<Schema>(parameter.at("schema"))});
        }
        if (auto body = spec.find("requestBody"); body != spec.end()) {
          operation.takes_body = true;
          operation.body_required = body->value("required", false);
          schemas.body = std::make_unique<Schema>(body->at("content").at("application/json").at("schema"));
        }
        for (const auto& [status, response] : spec.at("responses").items()) {
          if (!response.contains("content") || !response["content"].contains("application/json")) continue;
          schemas.responses[status] = std::make_unique<Schema>(response["content"]["application/json"].at("schema"));
        }
        if (!contract->schemas_->operations.emplace(operation.id, std::move(schemas)).second) {
          throw std::runtime_error("operationId " + operation.id + " is given twice");
        }
        contract->operations_.push_back(std::move(operation));
      }
    }
  } catch (const std::exception& e) {
    return MakeError(ErrorCode::kInvalidArgument, "contract: " + where + ": " + e.what());
  }
  return contract;
}

absl::Status Contract::CheckParameters(const Operation& operation, const std::map<std::string, std::string>& query,
                                       const std::map<std::string, std::string>& headers) const {
  std::vector<FieldFault> faults;
  std::map<std::string, std::string> unknown = query;
  for (const Schemas::Parameter& parameter : schemas_->operations.at(operation.id).parameters) {
    const auto& values = parameter.in_query ? query : headers;
    auto it = values.find(parameter.name);
    if (parameter.in_query) unknown.erase(parameter.name);
    if (it == values.end()) {
      if (parameter.required) faults.push_back({parameter.name, "is required"});
      continue;
    }
    for (FieldFault& fault : parameter.schema->Check(FromText(it->second, parameter.schema->json()))) {
      faults.push_back({parameter.name, std::move(fault.problem)});
    }
  }
  for (const auto& [name, value] : unknown) faults.push_back({name, "is not known"});
  return Faulty("the parameters can't be used", faults);
}

absl::Status Contract::CheckBody(const Operation& operation, const Json& body) const {
  const auto& schema = schemas_->operations.at(operation.id).body;
  return schema ? Faulty("the request can't be used", schema->Check(body)) : absl::OkStatus();
}

absl::Status Contract::CheckResponse(const Operation& operation, int status, const Json& body) const {
  const auto& responses = schemas_->operations.at(operation.id).responses;
  auto it = responses.find(std::to_string(status));
  if (it == responses.end()) it = responses.find("default");
  if (it == responses.end()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     operation.id + " has no JSON answer with status " + std::to_string(status));
  }
  return Faulty(operation.id + " " + std::to_string(status), it->second->Check(body));
}

}  // namespace gpuaas::platform
