#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace temporal::interop {

// The process of counterpart.py: a Python worker, and a Python client that does what it is asked. Not thread-safe.
class Counterpart {
 public:
  // Starts it; `Ask` answers once it is ready.
  Counterpart(const std::string& address, const std::string& task_queue);
  ~Counterpart();  // ends the worker and waits for it
  Counterpart(const Counterpart&) = delete;
  Counterpart& operator=(const Counterpart&) = delete;

  // The first line it says. Empty if it has ended.
  std::string Ready() { return ReadLine(); }
  // The answer to {"do": what, ...}: {"value": ...} or {"failure": ...}; null if it has ended.
  nlohmann::json Ask(const std::string& what, nlohmann::json ask);

 private:
  std::string ReadLine();

  pid_t pid_ = 0;
  FILE* in_ = nullptr;   // what it reads
  FILE* out_ = nullptr;  // what it says
};

}  // namespace temporal::interop
