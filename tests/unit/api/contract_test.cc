// api/openapi.yaml against the code, in both directions.
#include "platform/openapi/contract.h"

#include <set>

#include "api/docs/handlers.h"
#include "domain/error_code.h"
#include "gmock/gmock.h"
#include "tests/mocks/api/test_api.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

class ContractTest : public testing::Test {
 protected:
  void SetUp() override {
    auto contract = platform::Contract::Parse(kContractYaml);
    ASSERT_TRUE(contract.ok()) << contract.status();
    contract_ = *std::move(contract);
  }
  const Json& document() const { return contract_->document(); }

  std::unique_ptr<platform::Contract> contract_;
};

TEST_F(ContractTest, EveryOperationHasAHandlerAndEveryRouteAnOperation) {
  platform::Database nowhere{platform::DatabaseOptions("postgresql://127.0.0.1:1/nowhere")};
  tests::TestApi api(nowhere);
  EXPECT_THAT(api.unbound(), testing::IsEmpty());
  std::set<std::string> in_code, in_contract;
  for (const platform::Route& route : api.router().routes()) in_code.insert(route.method + " " + route.path);
  for (const platform::Operation& operation : contract_->operations()) {
    in_contract.insert(operation.method + " " + operation.path);
  }
  EXPECT_EQ(in_code, in_contract);
}

TEST_F(ContractTest, ErrorCodesAreThoseOfTheCode) {
  std::vector<std::string> in_code;
  for (const ErrorInfo& info : kErrorCodes) in_code.emplace_back(info.name);
  std::vector<std::string> in_contract = document()["components"]["schemas"]["ErrorCode"]["enum"];
  EXPECT_EQ(in_contract, in_code);
}

TEST_F(ContractTest, MutationsOfResourcesTakeAnIdempotencyKey) {
  for (const platform::Operation& operation : contract_->operations()) {
    const bool mutation = operation.method != "GET" && operation.path.starts_with("/api/v1/");
    EXPECT_EQ(operation.takes_idempotency_key, mutation && operation.id != "devLogin") << operation.id;
  }
}

// Enrolment and renewal are proved by their bodies: a one-time token, a signature by the node's key.
TEST_F(ContractTest, OnlyTheseOperationsNeedNoCredential) {
  std::vector<std::string> open;
  for (const platform::Operation& operation : contract_->operations()) {
    if (operation.credential == platform::Credential::kNone) open.push_back(operation.id);
  }
  EXPECT_THAT(open,
              testing::UnorderedElementsAre("devLogin", "getNodeBootstrap", "getNodeAgent", "agentEnrol", "agentRenew",
                                            "health", "live", "ready", "metrics", "docs", "openapi"));
}

// Keywords that mean the same in draft 7 and in OpenAPI 3.1's dialect, and that our validation honours.
void CheckSchema(const Json& schema, const std::string& where) {
  static const std::set<std::string> kKnown = {
      "type",     "enum",        "description", "required",  "properties", "additionalProperties",
      "items",    "minimum",     "maximum",     "minLength", "maxLength",  "minItems",
      "maxItems", "uniqueItems", "pattern",     "format",    "default",    "$ref"};
  for (const auto& [keyword, value] : schema.items()) EXPECT_TRUE(kKnown.contains(keyword)) << where << ": " << keyword;
  if (schema.contains("$ref")) {
    EXPECT_EQ(schema.size(), 1u) << where << ": draft 7 ignores what stands beside $ref";
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, property] : properties.items()) {
    CheckSchema(property, where + "." + name);
  }
  for (const std::string& name : schema.value("required", std::vector<std::string>())) {
    EXPECT_TRUE(properties.contains(name)) << where << ": requires " << name << ", which has no schema";
  }
  if (schema.contains("items")) CheckSchema(schema["items"], where + "[]");
  if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object()) {
    CheckSchema(schema["additionalProperties"], where + ".*");
  }
}

TEST_F(ContractTest, SchemasKeepToDraft7) {
  for (const auto& [name, schema] : document()["components"]["schemas"].items()) CheckSchema(schema, name);
}

TEST_F(ContractTest, EverySchemaParameterAndResponseIsUsed) {
  const std::string text = document().dump();
  for (const char* kind : {"schemas", "parameters", "responses"}) {
    for (const auto& [name, value] : document()["components"][kind].items()) {
      EXPECT_NE(text.find("#/components/" + std::string(kind) + "/" + name + "\""), std::string::npos) << name;
    }
  }
}

TEST_F(ContractTest, OperationsOfCustomersAnswerErrorsWithTheEnvelope) {
  for (const auto& [path, methods] : document()["paths"].items()) {
    if (!path.starts_with("/api/") && !path.starts_with("/agent/")) continue;
    for (const auto& [method, operation] : methods.items()) {
      EXPECT_EQ(operation["responses"]["default"]["$ref"], "#/components/responses/Error") << method << " " << path;
    }
  }
}

}  // namespace
}  // namespace gpuaas::api
