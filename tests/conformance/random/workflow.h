#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "temporal/activity/registry.h"
#include "temporal/workflow/channel.h"
#include "temporal/workflow/context.h"
#include "temporal/workflow/registry.h"
#include "tests/conformance/random/program.h"

// The workflow that runs a random program, and its activities.
namespace temporal::random {

inline constexpr WorkflowRef<std::string, int64_t> kProgram{"Program"};
inline constexpr SignalRef<int64_t> kPoke{"poke"};
// Adds a token; negative numbers are rejected.
inline constexpr UpdateRef<int64_t, int64_t> kToken{"token"};
inline constexpr QueryRef<Nothing, std::string> kTrace{"trace"};
// Of value * 4 + manner.
inline constexpr ActivityRef<int64_t, int64_t> kWork{"Work"};

// What runs have seen until their code ended, in order, with the time: on replay it has to be the same to the letter.
class Traces {
 public:
  static Traces& Instance();
  // Of a run that ends now; while replays are recorded, of one that is replayed.
  void Put(const Context& context, const std::string& trace);
  void RecordReplays(bool record);
  // By run: several, if the server did not take the first end. Those are forgotten then.
  std::map<std::string, std::set<std::string>> Take();

 private:
  std::mutex mutex_;
  bool replays_ = false;
  std::map<std::string, std::set<std::string>> traces_;
};

// Where a chain of runs stands; the workflow's input.
struct Position {
  Recipe recipe;
  size_t block = 0;  // of the root, to go on with
  int64_t sum = 0;
  int64_t signals = 0;  // received and not yet taken
  int64_t tokens = 0;

  std::string Text() const;
  static Position Parse(const std::string& text);
};

class Program {
 public:
  explicit Program(Context context) : context_(context), pokes_(context, kPoke) {}

  Task<int64_t> Run(std::string request);
  Task<int64_t> AddToken(int64_t n);
  void CheckToken(int64_t n) const;
  std::string Trace() const { return trace_; }

 private:
  Task<int64_t> Blocks();
  Task<int64_t> Execute(const Node* node, Context context);
  Task<int64_t> Step(const Node* node, Context context);
  Task<int64_t> Sequence(const Node* node, Context context);
  Task<int64_t> Parallel(const Node* node, Context context);
  Task<int64_t> Activity(const Node* node, Context context);
  Task<int64_t> Receive(const Node* node, Context context);
  Task<int64_t> TakeToken(const Node* node, Context context);
  Task<int64_t> Child(const Node* node, Context context);
  Task<int64_t> Patch(const Node* node, Context context);
  Task<int64_t> SideReads(const Node* node, Context context);
  Task<int64_t> CancelSleep(const Node* node, Context context);
  Task<int64_t> Race(const Node* node, Context context);
  Task<int64_t> Cancel(const Node* node, Context context);
  [[noreturn]] void ContinueAsNew(size_t next_block);
  void Note(int id, std::string_view what, int64_t value);

  Context context_;
  SignalChannel<int64_t> pokes_;
  Position position_;
  std::unique_ptr<Node> root_;
  std::string trace_;
};

WorkflowRegistry Workflows();
ActivityRegistry Activities();

}  // namespace temporal::random
