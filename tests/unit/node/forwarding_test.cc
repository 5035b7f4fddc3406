#include "node/sandbox/forwarding.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "node/command/command.h"
#include "tests/unit/node/temp_folder.h"

namespace gpuaas::node {
namespace {

constexpr char kBridge[] = "gb0123abcd", kOther[] = "gb89ab4567";

class Forwarding : public ::testing::Test {
 protected:
  Forwarding() {
    Put("sysctl/ip_forward", "0");
    for (const char* link : {"eth0", kBridge, kOther, "eth1"}) Link(link);
  }
  void Put(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }
  void Link(const std::string& link) {
    Put("sysctl/conf/" + link + "/forwarding", "0");
    Put("links/" + link + "/ifindex", "1");
  }
  void Unlink(const std::string& link) {
    std::filesystem::remove_all(folder_.path() + "/sysctl/conf/" + link);
    std::filesystem::remove_all(folder_.path() + "/links/" + link);
  }
  bool On(const std::string& link) {
    return ReadFile(folder_.path() + "/sysctl/conf/" + link + "/forwarding")->at(0) == '1';
  }

  TempFolder folder_;
  ForwardingPlaces places_{folder_.path() + "/sysctl", folder_.path() + "/links", folder_.path() + "/notes"};
};

TEST_F(Forwarding, IsSwitchedOnForTwoLinksAndOffWithTheLastBridge) {
  ASSERT_TRUE(EnableForwarding(kBridge, "eth0", places_).ok());
  ASSERT_TRUE(EnableForwarding(kOther, "eth0", places_).ok());
  EXPECT_TRUE(On(kBridge));
  EXPECT_TRUE(On("eth0"));
  EXPECT_FALSE(On("eth1"));
  Unlink(kBridge);
  ASSERT_TRUE(RestoreForwarding(places_).ok());
  EXPECT_TRUE(On("eth0")) << "another agent needs it";
  Unlink(kOther);
  ASSERT_TRUE(RestoreForwarding(places_).ok());
  EXPECT_FALSE(On("eth0"));
}

TEST_F(Forwarding, WhatWasOnBeforeStaysOn) {
  Put("sysctl/conf/eth0/forwarding", "1");
  ASSERT_TRUE(EnableForwarding(kBridge, "eth0", places_).ok());
  Unlink(kBridge);
  Unlink(kOther);
  ASSERT_TRUE(RestoreForwarding(places_).ok());
  EXPECT_TRUE(On("eth0"));
}

TEST_F(Forwarding, ANodeThatBecameARouterStaysOne) {
  ASSERT_TRUE(EnableForwarding(kBridge, "eth0", places_).ok());
  Put("sysctl/ip_forward", "1");
  Unlink(kBridge);
  Unlink(kOther);
  ASSERT_TRUE(RestoreForwarding(places_).ok());
  EXPECT_TRUE(On("eth0"));
}

TEST_F(Forwarding, AnInterfaceThatIsGoneIsNoFault) {
  ASSERT_TRUE(EnableForwarding(kBridge, "eth0", places_).ok());
  for (const char* link : {"eth0", kBridge, kOther}) Unlink(link);
  EXPECT_TRUE(RestoreForwarding(places_).ok());
}

}  // namespace
}  // namespace gpuaas::node
