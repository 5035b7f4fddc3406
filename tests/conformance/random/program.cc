#include "tests/conformance/random/program.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace temporal::random {
namespace {

constexpr int kMaxBlocks = 40;
constexpr const char* kNames[] = {"sequence", "parallel", "sleep",   "activity", "local",  "receive",
                                  "token",    "child",    "signal",  "shielded", "patch",  "reads",
                                  "memo",     "again",    "cut off", "race",     "cancel", "until"};

class Maker {
 public:
  explicit Maker(const Recipe& recipe) : recipe_(recipe), dice_(recipe.seed) {}

  std::unique_ptr<Node> Root() {
    auto root = New(Kind::kSequence);
    for (int n = 2 + dice_.Below(4); n > 0; --n) {
      // The run may end and go on in a new one between the blocks of the root.
      if (recipe_.depth >= 3 && dice_.Chance(8)) Keep(*root, New(Kind::kContinueAsNew));
      Keep(*root, Block(recipe_.depth));
    }
    return root;
  }

 private:
  std::unique_ptr<Node> New(Kind kind) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->id = next_id_++;
    node->value = 1 + dice_.Below(1000);
    node->milliseconds = Milliseconds();
    node->manner = static_cast<Manner>(std::max(0, dice_.Below(7) - 3));
    node->cancellation = dice_.Below(4);
    node->seed = dice_.Next();
    return node;
  }

  int Milliseconds() {
    constexpr int kScales[] = {1, 10, 100, 1'000, 10'000, 60'000};
    return (1 + dice_.Below(9)) * kScales[dice_.Below(6)];
  }

  void Keep(Node& parent, std::unique_ptr<Node> child) {
    if (!recipe_.removed.contains(child->id)) parent.children.push_back(std::move(child));
  }

  std::unique_ptr<Node> With(Kind kind, int children, int depth) {
    auto node = New(kind);
    for (int i = 0; i < children; ++i) Keep(*node, Block(depth - 1));
    return node;
  }

  std::unique_ptr<Node> Block(int depth) {
    if (depth <= 0 || next_id_ > kMaxBlocks || dice_.Chance(30)) return Leaf();
    switch (dice_.Below(recipe_.racy ? 9 : 6)) {
      case 0:
        return With(Kind::kSequence, 2 + dice_.Below(2), depth);
      case 1:
      case 2:
      case 3:
        return With(Kind::kParallel, 2 + dice_.Below(3), depth);
      case 4:
        return With(Kind::kShielded, 1 + dice_.Below(2), depth);
      case 5:
        return New(Kind::kChild);
      case 6:
        return With(Kind::kRace, 2 + dice_.Below(2), depth);
      default:
        return With(Kind::kCancel, 1 + dice_.Below(3), depth);
    }
  }

  std::unique_ptr<Node> Leaf() {
    constexpr Kind kLeaves[] = {Kind::kSleep,       Kind::kSleep,         Kind::kActivity,      Kind::kActivity,
                                Kind::kActivity,    Kind::kLocalActivity, Kind::kLocalActivity, Kind::kLocalActivity,
                                Kind::kReceive,     Kind::kReceive,       Kind::kTakeToken,     Kind::kTakeToken,
                                Kind::kSignalSelf,  Kind::kPatch,         Kind::kSideReads,     Kind::kMemo,
                                Kind::kCancelSleep, Kind::kUntilFor};
    auto leaf = New(kLeaves[dice_.Below(recipe_.racy ? 18 : 17)]);
    // Nobody updates a child, or signals it beyond what it takes.
    if (recipe_.depth < 3 && leaf->kind == Kind::kTakeToken) leaf->kind = Kind::kReceive;
    return leaf;
  }

  const Recipe& recipe_;
  Dice dice_;
  int next_id_ = 0;
};

int64_t Sum(const Node& node) {
  int64_t sum = 0;
  for (const auto& child : node.children) sum += Expected(*child);
  return sum;
}

}  // namespace

uint64_t Dice::Next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::string Recipe::Text() const {
  return absl::StrCat(seed, "/", racy ? 1 : 0, "/", depth, "/", absl::StrJoin(removed, ","));
}

Recipe Recipe::Parse(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  Recipe recipe;
  recipe.seed = std::strtoull(parts.at(0).c_str(), nullptr, 10);
  recipe.racy = parts.at(1) == "1";
  recipe.depth = std::atoi(parts.at(2).c_str());
  const std::vector<std::string> removed = absl::StrSplit(parts.at(3), ',', absl::SkipEmpty());
  for (const std::string& id : removed) recipe.removed.insert(std::atoi(id.c_str()));
  return recipe;
}

std::unique_ptr<Node> Make(const Recipe& recipe) { return Maker(recipe).Root(); }

std::string Describe(const Node& node, int indent) {
  std::string text = absl::StrCat(std::string(static_cast<size_t>(indent) * 2, ' '), node.id, " ",
                                  kNames[static_cast<int>(node.kind)], " value=", node.value, " ms=", node.milliseconds,
                                  " manner=", static_cast<int>(node.manner), " cancellation=", node.cancellation, "\n");
  for (const auto& child : node.children) text += Describe(*child, indent + 1);
  return text;
}

int64_t Expected(const Node& node) {
  switch (node.kind) {
    case Kind::kActivity:
    case Kind::kLocalActivity:
      return node.manner == Manner::kFails ? -node.value : 2 * node.value;
    case Kind::kChild: {
      const auto program = Make(ChildRecipe(node, /*racy=*/false));
      return Expected(*program) - program->value;
    }
    case Kind::kCancelSleep:
      return -node.value;
    case Kind::kSideReads:
    case Kind::kContinueAsNew:
      return 0;
    case Kind::kSequence:
    case Kind::kParallel:
    case Kind::kShielded:
      return node.value + Sum(node);
    default:
      return node.value;
  }
}

int Signals(const Node& node) {
  int signals = node.kind == Kind::kReceive ? 1 + static_cast<int>(node.value % 2) : 0;
  for (const auto& child : node.children) signals += Signals(*child);
  return signals;
}

int Count(const Node& node) {
  int count = 1;
  for (const auto& child : node.children) count += Count(*child);
  return count;
}

Recipe ChildRecipe(const Node& node, bool racy) {
  Recipe recipe;
  recipe.seed = node.seed;
  recipe.racy = racy;
  recipe.depth = 1;
  return recipe;
}

}  // namespace temporal::random
