#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/render/json.h"

struct jq_state;

namespace gpuaas::cli {

// A jq program failed on its input; says how in jq's own words.
class JqFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A jq program. Not thread-safe.
class Jq {
 public:
  // Throws std::invalid_argument with jq's own words if the text is no program.
  explicit Jq(const std::string& program);

  // What it makes of the value, one line for each result: a string bare, anything else as compact JSON. Throws
  // JqFailure if it fails on this value.
  std::vector<std::string> Run(const Json& value);

 private:
  std::unique_ptr<jq_state, void (*)(jq_state*)> state_;
};

}  // namespace gpuaas::cli
