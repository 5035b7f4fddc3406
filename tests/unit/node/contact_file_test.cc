#include "node/sandbox/contact_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "node/sandbox/processes.h"
#include "tests/unit/node/temp_folder.h"

namespace gpuaas::node {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr char kBoot[] = "01234567-89ab-cdef-0123-456789abcdef";

TEST(ContactFile, IsSeenByWhoHasItOpen) {
  TempFolder folder;
  const std::string file = folder.path() + "/contact";
  ASSERT_TRUE(WriteContact(file, {kBoot, microseconds(1'234'567), seconds(600)}).ok());
  const Fd open(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  auto mark = ReadContact(open.get());
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->boot_id, kBoot);
  EXPECT_EQ(mark->monotonic, microseconds(1'234'567));
  EXPECT_EQ(mark->limit, seconds(600));
  ASSERT_TRUE(WriteContact(file, {kBoot, seconds(3'000'000), seconds(2)}).ok());
  mark = ReadContact(open.get());
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->monotonic, seconds(3'000'000));
}

TEST(ContactFile, WhatIsNotWholeIsNothing) {
  TempFolder folder;
  const std::string file = folder.path() + "/contact";
  EXPECT_FALSE(ReadContact(-1).has_value());
  const Fd open(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_FALSE(ReadContact(open.get()).has_value());
  ASSERT_EQ(::write(open.get(), kBoot, 20), 20);
  EXPECT_FALSE(ReadContact(open.get()).has_value());
}

// An agent that lives ends everything at the limit; the control plane gives up the node at one and a half of it.
TEST(ContactFile, TheEndIsBetweenTheAgentsAndTheControlPlanes) {
  EXPECT_EQ(EndOf({kBoot, seconds(1'000), seconds(600)}), seconds(1'660));
  EXPECT_EQ(EndOf({kBoot, seconds(1'000), seconds(0)}), seconds(1'000));
}

}  // namespace
}  // namespace gpuaas::node
