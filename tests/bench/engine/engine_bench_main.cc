#include <cstdio>
#include <cstdlib>

#include "absl/synchronization/mutex.h"
#include "tests/bench/engine/commands.h"

int main(int argc, char** argv) {
  // Debian builds Abseil with its debugging aid on; the guide tells services to do the same.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  using namespace temporal::bench;
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string command = words.empty() ? "" : words[0];
  if (command == "worker" && words.size() == 3) return RunWorker(words[1], words[2]);
  if (command == "load" && words.size() == 5) {
    return RunLoad(words[1], words[2], std::stoi(words[3]), std::stoi(words[4]));
  }
  if (command == "idle" && words.size() == 5) {
    return StartIdle(words[1], words[2], std::stoi(words[3]), std::stoi(words[4]));
  }
  if (command == "histories" && words.size() == 2) return WriteHistories(words[1]);
  if (command == "replay" && words.size() > 2) return Replay(std::stod(words[1]), {words.begin() + 2, words.end()});
  std::fputs(
      "usage: engine_bench worker ADDRESS QUEUE | load ADDRESS QUEUE COUNT CONCURRENCY | idle ADDRESS QUEUE COUNT "
      "CONCURRENCY |\n       histories FOLDER | replay SECONDS FILE...\n",
      stderr);
  return 2;
}
