#include "platform/openapi/contract.h"

#include <nlohmann/json.hpp>

#include "domain/status.h"
#include "gmock/gmock.h"

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr char kContract[] = R"(
openapi: 3.1.0
security: [ { bearer: [] } ]
paths:
  /things/{id}:
    post:
      operationId: makeThing
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
        - { name: X-Idempotency-Key, in: header, required: true, schema: { type: string } }
        - { name: X-Tenant, in: header, schema: { type: string, maxLength: 3 } }
        - { name: limit, in: query, schema: { $ref: '#/components/schemas/Limit' } }
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } } }
      responses:
        '201': { description: it, content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } } }
        default: { description: bad, content: { application/json: { schema: { type: object, required: [code] } } } }
  /open:
    get: { operationId: open, security: [], responses: { '200': { description: page, content: { text/html: {} } } } }
components:
  schemas:
    Limit: { type: integer, minimum: 1, maximum: 200 }
    Thing:
      type: object
      additionalProperties: false
      required: [name, gpus]
      properties:
        name: { type: string, minLength: 1, maxLength: 8, pattern: '^[a-z]+$' }
        gpus: { type: integer, minimum: 1, maximum: 8 }
        keys: { type: array, minItems: 1, uniqueItems: true, items: { type: string, pattern: '^k' } }
        kind: { type: string, enum: [a, b] }
        note: { type: [string, 'null'] }
)";

class ContractTest : public testing::Test {
 protected:
  void SetUp() override {
    auto contract = Contract::Parse(kContract);
    ASSERT_TRUE(contract.ok()) << contract.status();
    contract_ = *std::move(contract);
    make_ = contract_->Find("makeThing");
    ASSERT_NE(make_, nullptr);
  }
  static std::vector<std::string> Faults(const absl::Status& status) {
    std::vector<std::string> faults;
    if (status.ok()) return faults;
    EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kInvalidArgument);
    const Json details = Json::parse(DetailsOf(status));
    for (const Json& fault : details["fields"]) {
      faults.push_back(fault["field"].get<std::string>() + ": " + fault["problem"].get<std::string>());
    }
    return faults;
  }
  std::vector<std::string> BodyFaults(std::string_view body) {
    return Faults(contract_->CheckBody(*make_, Json::parse(body)));
  }

  std::unique_ptr<Contract> contract_;
  const Operation* make_ = nullptr;
};

TEST_F(ContractTest, KnowsOperations) {
  EXPECT_EQ(make_->method, "POST");
  EXPECT_EQ(make_->path, "/things/{id}");
  EXPECT_EQ(make_->credential, Credential::kBearer);
  EXPECT_TRUE(make_->takes_idempotency_key);
  EXPECT_TRUE(make_->body_required);
  EXPECT_EQ(make_->max_body_bytes, 65536u);
  EXPECT_EQ(contract_->Find("open")->credential, Credential::kNone);
  EXPECT_EQ(contract_->Find("absent"), nullptr);
}

TEST_F(ContractTest, TakesGoodBodies) {
  EXPECT_THAT(BodyFaults(R"({"name":"abc","gpus":8,"keys":["k1","k2"],"kind":"a","note":null})"), ElementsAre());
}

TEST_F(ContractTest, NamesEveryFaultAtOnce) {
  EXPECT_THAT(BodyFaults(R"({"gpus":0,"keys":["k","x"],"kind":"c","other":1})"),
              UnorderedElementsAre("name: is required", "gpus: must be at least 1", "keys/1: does not match ^k",
                                   "kind: is not one of the allowed values", "other: is not known"));
}

TEST_F(ContractTest, NamesWrongTypes) {
  EXPECT_THAT(BodyFaults(R"({"name":5,"gpus":"1","keys":{}})"),
              UnorderedElementsAre("name: has the wrong type", "gpus: has the wrong type", "keys: has the wrong type"));
  EXPECT_THAT(BodyFaults("[]"), ElementsAre(": has the wrong type"));
  EXPECT_THAT(BodyFaults("null"), ElementsAre(": has the wrong type"));
  EXPECT_THAT(BodyFaults(R"({"name":"a","gpus":1.5})"), ElementsAre("gpus: has the wrong type"));
  EXPECT_THAT(BodyFaults(R"({"name":"a","gpus":true})"), ElementsAre("gpus: has the wrong type"));
}

TEST_F(ContractTest, BoundsHold) {
  EXPECT_THAT(BodyFaults(R"({"name":"","gpus":9,"keys":[]})").size(), 4u);  // an empty name fails twice
  EXPECT_THAT(BodyFaults(R"({"name":"a","gpus":9223372036854775807})").size(), 1u);
  EXPECT_THAT(BodyFaults(R"({"name":"a","gpus":1,"keys":["k","k"]})"), ElementsAre("keys: has the same element twice"));
}

TEST_F(ContractTest, ALongStringDoesNotExhaustTheStack) {
  std::string body = R"({"gpus":1,"name":")" + std::string(1 << 20, 'a') + "\"}";
  EXPECT_EQ(BodyFaults(body).size(), 1u);
}

TEST_F(ContractTest, ChecksParameters) {
  EXPECT_TRUE(contract_->CheckParameters(*make_, {{"limit", "10"}}, {{"X-Tenant", "abc"}, {"Host", "h"}}).ok());
  EXPECT_THAT(Faults(contract_->CheckParameters(*make_, {{"limit", "0"}, {"more", ""}}, {{"X-Tenant", "abcd"}})).size(),
              3u);
  EXPECT_THAT(Faults(contract_->CheckParameters(*make_, {{"limit", "1x"}}, {})),
              ElementsAre("limit: has the wrong type"));
}

TEST_F(ContractTest, ChecksAnswers) {
  EXPECT_TRUE(contract_->CheckResponse(*make_, 201, Json::parse(R"({"name":"a","gpus":1})")).ok());
  EXPECT_FALSE(contract_->CheckResponse(*make_, 201, Json::parse(R"({"name":"a"})")).ok());
  EXPECT_TRUE(contract_->CheckResponse(*make_, 409, Json::parse(R"({"code":"conflict"})")).ok());
  EXPECT_FALSE(contract_->CheckResponse(*contract_->Find("open"), 200, Json::object()).ok());
}

TEST(ContractParse, SaysWhatItDoesNotUnderstand) {
  EXPECT_FALSE(Contract::Parse("{").ok());
  EXPECT_FALSE(Contract::Parse("openapi: 3.1.0").ok());
  EXPECT_FALSE(Contract::Parse("security: []\npaths: { /a: { get: { responses: {} } } }").ok());
  EXPECT_FALSE(
      Contract::Parse("security: []\npaths: { /a: { get: { operationId: a, parameters: [ { $ref: '#/nothing' } ], "
                      "responses: {} } } }")
          .ok());
}

}  // namespace
}  // namespace gpuaas::platform
