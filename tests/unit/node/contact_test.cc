#include <gmock/gmock.h>
#include <sys/stat.h>

#include "domain/status.h"
#include "node/command/command.h"
#include "node/contact/contact_watch.h"
#include "node/contact/state_dir.h"
#include "tests/unit/node/temp_folder.h"

namespace gpuaas::node {
namespace {

using std::chrono::minutes;

Moment At(minutes since_boot, const std::string& boot = "boot") { return {boot, since_boot, Time(since_boot)}; }

TEST(ContactWatch, IsLostAfterTheLimit) {
  ContactWatch watch(minutes(10), At(minutes(5)));
  EXPECT_FALSE(watch.IsLost(At(minutes(14))));
  EXPECT_TRUE(watch.IsLost(At(minutes(15))));
  watch.Contact(At(minutes(15)));
  EXPECT_FALSE(watch.IsLost(At(minutes(24))));
  EXPECT_TRUE(watch.IsLost(At(minutes(25))));
  watch.SetLimit(minutes(20));
  EXPECT_FALSE(watch.IsLost(At(minutes(25))));
}

TEST(ContactWatch, WallClockJumpsDoNotCount) {
  ContactWatch watch(minutes(10), At(minutes(5)));
  Moment jumped = At(minutes(6));
  jumped.wall += std::chrono::hours(1'000);
  EXPECT_FALSE(watch.IsLost(jumped));
}

TEST(ContactWatch, ABootStartsAnew) {
  ContactWatch watch(minutes(10), At(minutes(5)));
  EXPECT_FALSE(watch.IsLost(At(minutes(500), "another boot")));
}

TEST(StateDir, KeepsSecretsToItself) {
  TempFolder folder;
  auto state = StateDir::Open(folder.path() + "/state");
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->instance().size(), 8u);
  EXPECT_EQ(StateDir::Open(folder.path() + "/state")->instance(), state->instance());
  EXPECT_EQ(ErrorCodeOf(state->Identity().status()), ErrorCode::kNotFound);
  ASSERT_TRUE(state->SaveIdentity({"node_1", "https://edge:8444", "127.0.0.1:7443", "host:7443"}).ok());
  EXPECT_EQ(state->Identity()->advertise, "host:7443");
  ASSERT_TRUE(state->SaveCertificate("key 1", "cert 1", "ca 1").ok());
  ASSERT_TRUE(state->SaveCertificate("key 2", "cert 2", "ca 2").ok());
  EXPECT_EQ(*ReadFile(state->tls_folder() + "/key.pem"), "key 2");
  EXPECT_EQ(*ReadFile(state->tls_folder() + "/cert.pem"), "cert 2");
  struct stat info{};
  ASSERT_EQ(::stat((state->tls_folder() + "/key.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(StateDir, BelongsToOneAgent) {
  TempFolder folder;
  const auto state = StateDir::Open(folder.path());
  {
    auto first = state->Lock();
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(ErrorCodeOf(state->Lock().status()), ErrorCode::kConflict);
  }
  EXPECT_TRUE(state->Lock().ok());
}

}  // namespace
}  // namespace gpuaas::node
