#pragma once

#include <string>

namespace gpuaas::cli {

// What Ctrl-C (or SIGTERM) says while this object lives; innermost wins. The process then ends at once with 130:
// nothing on the server is cancelled, and what has to survive is already on disk. Not thread-safe: for the main thread
// only.
class InterruptNotice {
 public:
  // `text` is shown on stderr as it is; ends with a line break.
  explicit InterruptNotice(std::string text);
  ~InterruptNotice();
  InterruptNotice(const InterruptNotice&) = delete;
  InterruptNotice& operator=(const InterruptNotice&) = delete;

 private:
  const std::string* previous_;
  const std::string text_;
};

// Lets SIGINT and SIGTERM end the process as described, from now on.
void InstallInterruptHandler();

}  // namespace gpuaas::cli
