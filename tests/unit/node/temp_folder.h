#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace gpuaas::node {

// A folder that is gone after the test.
class TempFolder {
 public:
  TempFolder() {
    char name[] = "/tmp/gpuaas-unit.XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace gpuaas::node
