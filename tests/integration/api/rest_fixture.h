#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "stores/allocation/allocations.h"
#include "stores/iam/seed.h"
#include "tests/mocks/api/test_api.h"
#include "tests/mocks/postgres/test_database.h"

namespace gpuaas::tests {

// The API on a migrated and seeded PostgreSQL: dev-user (acme), other-user (globex) and ops-user (platform) can log in.
class RestTest : public testing::Test {
 protected:
  using Json = nlohmann::json;

  void SetUp() override {
    absl::Status seeded = stores::SeedDev(database_.app(), api_.clock.Now());
    ASSERT_TRUE(seeded.ok()) << seeded;
  }

  static void Refused(const ApiAnswer& answer, int status, std::string_view code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.code(), code);
    EXPECT_EQ(answer.body.value("correlation_id", ""), answer.correlation_id);
  }

  std::string SshKey(const std::string& user) {
    const Json body = {{"name", "laptop-" + user}, {"public_key", kKeys[keys_++ % 3]}};
    ApiAnswer answer = api_.As(user, "POST", "/api/v1/ssh-keys", body);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.body.value("id", "");
  }
  Json Wanted(const std::string& key) {
    return {{"sku", "h200-sxm-slice"}, {"gpus", 1}, {"region", "us-buffalo-1"}, {"ssh_key_ids", {key}}};
  }
  // A new allocation of dev-user, as its answer tells it.
  Json NewAllocation() {
    if (dev_key_.empty()) dev_key_ = SshKey("dev-user");
    ApiAnswer answer = api_.As("dev-user", "POST", "/api/v1/allocations", Wanted(dev_key_));
    EXPECT_EQ(answer.status, 202) << answer.body;
    return answer.body;
  }
  void Move(const std::string& allocation, domain::AllocationState to) {
    absl::Status moved = database_.app().Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
      auto row = stores::GetAllocation(tx, AllocationId(allocation));
      if (!row.ok()) return row.status();
      stores::AllocationTransition transition{
          .id = row->id, .operation = row->driving_operation, .to = to, .now = api_.clock.Now()};
      if (to == domain::AllocationState::kActive) {
        transition.endpoint = stores::SshEndpoint{"gpu-1", 2201, "a1", "ssh-ed25519 AAAA", "SHA256:x"};
      }
      return stores::TransitionAllocation(tx, transition).status();
    });
    EXPECT_TRUE(moved.ok()) << moved;
  }

  static constexpr const char* kKeys[] = {
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILfYZtAkbmNlIM3LYHA+er6gPaGbcRJb2yekk5j8MHIp a@b",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP/+/fz7+vn49/b19PPy8fDv7u3s6+rp6Ofm5eTj4uHg",
  };

  TestDatabase database_;
  TestApi api_{database_.app()};
  std::string dev_key_;
  int keys_ = 0;
};

}  // namespace gpuaas::tests
