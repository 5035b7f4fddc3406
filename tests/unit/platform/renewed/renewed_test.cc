#include "platform/renewed/renewed.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

namespace gpuaas::platform {
namespace {

using namespace std::chrono_literals;
using Text = Renewed<std::string>;

std::chrono::system_clock::time_point In(std::chrono::seconds time) { return std::chrono::system_clock::now() + time; }

TEST(RenewedTest, IsFetchedOnceAndKept) {
  int fetches = 0;
  Text text([&] { return Text::Fresh{std::to_string(++fetches)}; }, 1h);
  EXPECT_EQ(**text.Get(), "1");
  EXPECT_EQ(**text.Get(), "1");
}

TEST(RenewedTest, OneThatIsDueIsReplacedAndOneThatEndedNeverServes) {
  int fetches = 0;
  absl::Status status;
  Text text(
      [&]() -> absl::StatusOr<Text::Fresh> {
        ++fetches;
        if (!status.ok()) return status;
        return Text::Fresh{std::to_string(fetches), In(0s), In(fetches == 1 ? 1h : 0s)};
      },
      0ms);
  EXPECT_EQ(**text.Get(), "1");
  EXPECT_EQ(**text.Get(), "2");
  status = absl::UnavailableError("away");
  EXPECT_EQ(text.Get().status(), status);
}

TEST(RenewedTest, AfterAFailureTheOldOneServesAndNobodyAsksForAWhile) {
  int fetches = 0;
  Text text(
      [&]() -> absl::StatusOr<Text::Fresh> {
        if (++fetches > 1) return absl::UnavailableError("away");
        return Text::Fresh{"old", In(0s), In(1h)};
      },
      1h);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(**text.Get(), "old");
  EXPECT_EQ(fetches, 2);
}

TEST(RenewedTest, WithoutAnOldOneTheFailureIsTheAnswerForAWhile) {
  int fetches = 0;
  Text text(
      [&]() -> absl::StatusOr<Text::Fresh> {
        ++fetches;
        return absl::UnavailableError("away");
      },
      1h);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(absl::IsUnavailable(text.Get().status()));
  EXPECT_EQ(fetches, 1);
}

TEST(RenewedTest, WhatWasRefusedIsReplacedOnce) {
  int fetches = 0;
  Text text([&] { return Text::Fresh{std::to_string(++fetches)}; }, 1h);
  const auto first = *text.Get();
  text.Refuse(first);
  EXPECT_EQ(**text.Get(), "2");
  text.Refuse(first);  // by another one that had it too
  EXPECT_EQ(**text.Get(), "2");
}

TEST(RenewedTest, WhileASourceHangsTheOldOneServes) {
  std::promise<void> asked, answer;
  int fetches = 0;
  Text text(
      [&] {
        if (++fetches == 2) {
          asked.set_value();
          answer.get_future().wait();
        }
        return Text::Fresh{std::to_string(fetches), In(0s), In(1h)};
      },
      1h);
  EXPECT_EQ(**text.Get(), "1");
  std::thread renewer([&] { EXPECT_EQ(**text.Get(), "2"); });
  asked.get_future().wait();
  EXPECT_EQ(**text.Get(), "1");
  answer.set_value();
  renewer.join();
}

TEST(RenewedTest, WithoutAnOldOneAllWaitForTheSameFetch) {
  std::promise<void> asked, answer;
  std::atomic<int> fetches = 0;
  Text text(
      [&]() -> absl::StatusOr<Text::Fresh> {
        if (++fetches == 1) asked.set_value();
        answer.get_future().wait();
        return absl::UnavailableError("away");
      },
      1h);
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(absl::IsUnavailable(text.Get().status())); });
    if (i == 0) asked.get_future().wait();
  }
  answer.set_value();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(fetches, 1);
}

}  // namespace
}  // namespace gpuaas::platform
