#pragma once

#include <string>

#include "tests/conformance/random/program.h"

namespace temporal::random {

// What happens around a program while it runs.
struct Setup {
  int cache = 1000;
  int page_size = 0;
  bool evictions = false;     // Worker::EvictAll at random moments
  bool kills = false;         // workers vanish without a word, others come
  bool lost_answers = false;  // the server has done it, the worker does not hear of it
  bool restarts = false;      // of the server: calls under way fail
  bool cancel = false;        // the client asks to cancel
  uint64_t moments = 0;       // seed of what happens when

  std::string Text() const;
  static Setup Parse(const std::string& text);
};

// Runs the program on the in-memory Temporal, among signals, updates, queries and what the setup has, then replays the
// histories of all runs, whole and cut off. What went wrong; empty: nothing.
std::string Try(const Recipe& recipe, const Setup& setup);

}  // namespace temporal::random
