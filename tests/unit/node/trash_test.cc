#include "node/sandbox/trash.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/node/temp_folder.h"

namespace gpuaas::node {
namespace {

namespace fs = std::filesystem;

// Deeper than a path may be long.
void DigBelow(const std::string& folder, int levels) {
  int here = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  for (int level = 0; level < levels; ++level) {
    ASSERT_EQ(::mkdirat(here, "d", 0700), 0);
    ::close(::openat(here, "file", O_CREAT | O_WRONLY, 0));
    const int below = ::openat(here, "d", O_RDONLY | O_DIRECTORY);
    ::close(here);
    here = below;
  }
  ::close(here);
}

class TrashTest : public ::testing::Test {
 protected:
  TrashTest() { fs::create_directory(folder_.path() + "/alloc"); }

  TempFolder folder_;
  const std::string home_ = folder_.path() + "/alloc";
  const std::string path_ = folder_.path() + "/trash";
};

TEST_F(TrashTest, NeedsFewDescriptorsHoweverDeep) {
  DigBelow(home_, 3'000);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{32, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  const absl::Status status = EmptyFolder(home_);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(fs::is_empty(home_));
}

TEST_F(TrashTest, TakesAllKindsOfFilesAndFollowsNoLink) {
  std::ofstream(folder_.path() + "/outside") << "kept";
  fs::create_directories(home_ + "/0/1/2");  // names as its own
  fs::create_directories(home_ + "/1");
  fs::create_symlink(folder_.path(), home_ + "/0/link");
  fs::create_symlink("nowhere", home_ + "/dangling");
  ASSERT_EQ(::mkfifo((home_ + "/0/1/pipe").c_str(), 0), 0);
  for (int i = 0; i < 2'000; ++i) std::ofstream(home_ + "/1/" + std::to_string(i)) << "x";
  ::chmod((home_ + "/1").c_str(), 0);
  EXPECT_TRUE(EmptyFolder(home_).ok());
  EXPECT_TRUE(fs::is_empty(home_));
  EXPECT_TRUE(fs::exists(folder_.path() + "/outside"));
}

TEST_F(TrashTest, TakesWhatIsMarkedAsImmutable) {
  fs::create_directories(home_ + "/a/b");
  std::ofstream(home_ + "/a/b/file") << "x";
  for (const char* name : {"/a/b/file", "/a/b", "/a"}) {
    const int fd = ::open((home_ + name).c_str(), O_RDONLY);
    int flags = FS_IMMUTABLE_FL;
    const int set = ::ioctl(fd, FS_IOC_SETFLAGS, &flags);
    ::close(fd);
    if (set != 0) GTEST_SKIP() << "this file system or user sets no flags";
  }
  const absl::Status status = EmptyFolder(home_);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(fs::is_empty(home_));
}

TEST_F(TrashTest, WhatIsPutThereIsOutOfTheWayAndGoesInTheEnd) {
  DigBelow(home_, 10);
  {
    Trash trash(path_);
    ASSERT_TRUE(trash.Put(home_).ok());
    EXPECT_FALSE(fs::exists(home_));
    EXPECT_FALSE(fs::is_empty(path_));  // as after a crash: it was not started
    EXPECT_TRUE(trash.Put(home_).ok());
  }
  Trash next(path_);
  ASSERT_TRUE(next.Start().ok());
  while (!fs::is_empty(path_)) std::this_thread::yield();
  fs::create_directory(home_);
  ASSERT_TRUE(next.Put(home_).ok());
  while (!fs::is_empty(path_)) std::this_thread::yield();
}

TEST_F(TrashTest, RemoveLeavesNothing) {
  Trash trash(path_);
  EXPECT_TRUE(trash.Remove().ok());
  ASSERT_TRUE(trash.Put(home_).ok());
  EXPECT_TRUE(trash.Remove().ok());
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace gpuaas::node
