#pragma once

#include <string>
#include <vector>

// What engine_bench does, one function per word on its command line. Each prints one line of JSON per measurement and
// returns the exit status.
namespace temporal::bench {

// Runs the bench's workflows until its standard input ends; prints "ready" once it polls.
int RunWorker(const std::string& address, const std::string& queue);

// `count` workflows of one activity, `concurrency` at a time: completed, seconds, and the quantiles from start to
// result.
int RunLoad(const std::string& address, const std::string& queue, int count, int concurrency);

// Starts `count` workflows that wait for a signal, and waits until each does.
int StartIdle(const std::string& address, const std::string& queue, int count, int concurrency);

// Writes the histories of the replay bench, in each SDK's numbering of timers: FOLDER/cpp and FOLDER/go.
int WriteHistories(const std::string& folder);

// Replays each file over and over for so many seconds.
int Replay(double seconds, const std::vector<std::string>& files);

}  // namespace temporal::bench
