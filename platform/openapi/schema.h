#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gpuaas::platform {

struct FieldFault {
  std::string field;  // "ssh_key_ids/0"; empty: the value itself
  std::string problem;
};

// One JSON Schema without references. Immutable after construction; Check may run on many threads.
class Schema {
 public:
  // Throws std::exception if valijson does not take it.
  explicit Schema(nlohmann::json schema);
  ~Schema();
  Schema(const Schema&) = delete;

  // Every fault of the value.
  std::vector<FieldFault> Check(const nlohmann::json& value) const;
  const nlohmann::json& json() const { return json_; }

 private:
  struct Compiled;
  nlohmann::json json_;
  std::unique_ptr<Compiled> compiled_;
};

// [{"field": ..., "problem": ...}] as details.fields has it.
nlohmann::json FaultsToJson(const std::vector<FieldFault>& faults);

}  // namespace gpuaas::platform
