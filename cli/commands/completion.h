#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"

namespace gpuaas::cli {

struct Candidate {
  std::string word;
  std::string description;
};

// What may stand at the last of `words` (the line after the program's name; the last one may be empty or half typed).
// Commands and options come from the App tree; values of a type that only the server knows from `values`, which gets
// the type's name ("ALLOCATION").
std::vector<Candidate> Complete(const CLI::App& root, const std::vector<std::string>& words,
                                const std::function<std::vector<Candidate>(const std::string& type)>& values);

// The script that a shell loads; empty for an unknown shell.
std::string CompletionScript(std::string_view shell);

}  // namespace gpuaas::cli
