#include "tests/conformance/python/counterpart.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

namespace temporal::interop {

Counterpart::Counterpart(const std::string& address, const std::string& task_queue) {
  int to[2], from[2];
  if (pipe(to) != 0 || pipe(from) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  for (const int each : {to[0], to[1], from[0], from[1]}) posix_spawn_file_actions_addclose(&actions, each);
  const char* python = std::getenv("INTEROP_PYTHON");
  const std::array<const char*, 5> arguments = {python == nullptr ? "python3" : python,
                                                GPUAAS_SOURCE_DIR "/tests/conformance/python/counterpart.py",
                                                address.c_str(), task_queue.c_str(), nullptr};
  std::signal(SIGPIPE, SIG_IGN);
  const int failed =
      posix_spawnp(&pid_, arguments[0], &actions, nullptr, const_cast<char* const*>(arguments.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  in_ = fdopen(to[1], "w");
  out_ = fdopen(from[0], "r");
  if (failed != 0) pid_ = 0;
}

Counterpart::~Counterpart() {
  std::fclose(in_);  // the end of its input is its end
  if (pid_ != 0) waitpid(pid_, nullptr, 0);
  std::fclose(out_);
}

std::string Counterpart::ReadLine() {
  std::string line;
  for (int c = std::fgetc(out_); c != EOF && c != '\n'; c = std::fgetc(out_)) line.push_back(static_cast<char>(c));
  return line;
}

nlohmann::json Counterpart::Ask(const std::string& what, nlohmann::json ask) {
  ask["do"] = what;
  std::fprintf(in_, "%s\n", ask.dump().c_str());
  std::fflush(in_);
  return nlohmann::json::parse(ReadLine(), nullptr, /*allow_exceptions=*/false);
}

}  // namespace temporal::interop
