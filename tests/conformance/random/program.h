#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

// Random workflow programs: trees of blocks, made from a seed alone.
namespace temporal::random {

// splitmix64: the same numbers everywhere.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  // In [0, n).
  int Below(int n) { return static_cast<int>(Next() % static_cast<uint64_t>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }

 private:
  uint64_t state_;
};

enum class Kind {
  kSequence,
  kParallel,
  kSleep,
  kActivity,
  kLocalActivity,
  kReceive,    // takes signals
  kTakeToken,  // waits on a condition that updates make true
  kChild,
  kSignalSelf,  // a signal to this very run, through the server
  kShielded,
  kPatch,
  kSideReads,
  kMemo,
  kContinueAsNew,
  kCancelSleep,  // a scope around a long timer, cancelled: sure to be cut off
  // Only where timing may decide:
  kRace,    // AnyOf
  kCancel,  // a scope around anything, cancelled after a while
  kUntilFor,
};

// How an activity, local or not, behaves.
enum class Manner { kOk, kRetried, kFails, kSlow };

struct Node {
  Kind kind = Kind::kSequence;
  int id = 0;  // in the order of the text; what shrinking names
  std::vector<std::unique_ptr<Node>> children;
  int64_t value = 0;
  int milliseconds = 0;
  Manner manner = Manner::kOk;
  int cancellation = 0;  // which of the kinds of cancellation, where there are some
  uint64_t seed = 0;     // kChild: of its program
};

// What to make a program of; written into the input of the workflow that runs it.
struct Recipe {
  uint64_t seed = 0;
  bool racy = false;  // results may depend on timing: such programs are only replayed
  int depth = 3;
  std::set<int> removed;  // blocks left out, by id

  std::string Text() const;
  static Recipe Parse(const std::string& text);
};

std::unique_ptr<Node> Make(const Recipe& recipe);
// Of the program that a kChild block runs.
Recipe ChildRecipe(const Node& node, bool racy);
std::string Describe(const Node& node, int indent = 0);

// What a program that is not racy comes to, whatever the timing. A run's result is that less the root's own value.
int64_t Expected(const Node& node);
// Signals that it takes at most.
int Signals(const Node& node);
int Count(const Node& node);

}  // namespace temporal::random
