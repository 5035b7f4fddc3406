#pragma once

#include <sys/resource.h>

#include <csignal>

namespace gpuaas::node {

// As long as it lives, no file of this process grows beyond `size`: as on a full disk, a write may stop half way.
class NoSpace {
 public:
  explicit NoSpace(rlim_t size) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~NoSpace() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  NoSpace(const NoSpace&) = delete;
  NoSpace& operator=(const NoSpace&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

}  // namespace gpuaas::node
