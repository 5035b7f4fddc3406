#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/conformance/random/driver.h"

// Random programs of everything that workflows do, with caches of all sizes, evictions, killed workers and lost
// answers. See README.md for how to run more of them, or one again.
namespace temporal::random {
namespace {

using namespace std::chrono_literals;

int FromEnvironment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

Recipe RecipeOf(uint64_t seed) {
  Recipe recipe;
  recipe.seed = seed;
  recipe.racy = seed % 2 == 0;
  return recipe;
}

Setup WithRestarts(Setup setup) {
  setup.restarts = true;
  return setup;
}

std::vector<Setup> SetupsOf(uint64_t seed) {
  Dice dice(seed ^ 0x5eed);
  const auto make = [&](int cache, bool evictions, bool kills, bool lost) {
    Setup setup;
    setup.cache = cache;
    setup.page_size = dice.Chance(50) ? 0 : 1 + dice.Below(6);
    setup.evictions = evictions;
    setup.kills = kills;
    setup.lost_answers = lost;
    setup.cancel = seed % 4 == 0;
    setup.moments = dice.Next() % 1'000'000;
    return setup;
  };
  return {make(0, false, false, false),  make(1, true, false, false),    make(1000, false, false, false),
          make(1000, true, true, false), make(1000, false, false, true), WithRestarts(make(1000, false, false, false))};
}

// Leaves blocks out as long as it still fails.
Recipe Shrink(Recipe recipe, const Setup& setup) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  const int count = Count(*Make(recipe));
  for (int id = 1; id < 2 * count && std::chrono::steady_clock::now() < until; ++id) {
    Recipe smaller = recipe;
    smaller.removed.insert(id);
    if (Count(*Make(smaller)) == Count(*Make(recipe))) continue;
    for (int i = 0; i < 3; ++i) {
      if (Try(smaller, setup).empty()) continue;
      recipe = smaller;
      break;
    }
  }
  return recipe;
}

void Check(const Recipe& recipe, const Setup& setup, bool shrink = true) {
  const std::string problem = Try(recipe, setup);
  if (problem.empty()) return;
  const std::string command = absl::StrCat("RANDOM_SETUP=", setup.Text(), " ",
                                           "build/bin/random_test --gtest_filter=RandomProgram.OfTheEnvironment");
  std::string small = recipe.Text();
  if (shrink) small = Shrink(recipe, setup).Text();
  ADD_FAILURE() << problem << "\nAgain:   RANDOM_PROGRAM=" << recipe.Text() << " " << command
                << "\nSmaller: RANDOM_PROGRAM=" << small << " " << command;
}

class RandomPrograms : public ::testing::TestWithParam<int> {};

TEST_P(RandomPrograms, AgreeWithTheirReplay) {
  const int per_part = FromEnvironment("RANDOM_PROGRAMS", 50) / 10;
  const int first = FromEnvironment("RANDOM_FIRST", 1) + GetParam() * per_part;
  for (int seed = first; seed < first + per_part; ++seed) {
    for (const random::Setup& setup : SetupsOf(static_cast<uint64_t>(seed)))
      Check(RecipeOf(static_cast<uint64_t>(seed)), setup);
  }
}

INSTANTIATE_TEST_SUITE_P(Part, RandomPrograms, ::testing::Range(0, 10));

TEST(RandomProgram, OfTheEnvironment) {
  const char* program = std::getenv("RANDOM_PROGRAM");
  const char* setup = std::getenv("RANDOM_SETUP");
  if (program == nullptr || setup == nullptr) GTEST_SKIP() << "RANDOM_PROGRAM and RANDOM_SETUP name no program";
  for (int i = 0; i < FromEnvironment("RANDOM_TIMES", 20) && !HasFailure(); ++i) {
    Check(Recipe::Parse(program), random::Setup::Parse(setup), /*shrink=*/false);
  }
}

}  // namespace
}  // namespace temporal::random
