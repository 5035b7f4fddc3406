#include "platform/openapi/schema.h"

#include <re2/re2.h>

#include <map>
#include <string_view>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/utils/nlohmann_json_utils.hpp>
#include <valijson/validator.hpp>

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;

// valijson matches patterns by std::regex, whose recursion a long string can run out of stack: RE2 does it instead. Its
// check of formats refuses null too, and formats are annotations: they are left out.
using Patterns = std::map<std::string, std::unique_ptr<RE2>>;

void TakeOut(Json& schema, Patterns& patterns) {
  if (schema.is_object()) {
    if (auto it = schema.find("pattern"); it != schema.end() && it->is_string()) {
      auto& pattern = patterns[it->get<std::string>()];
      if (!pattern) pattern = std::make_unique<RE2>(it->get<std::string>(), RE2::Quiet);
      if (!pattern->ok()) throw std::runtime_error("pattern " + it->get<std::string>() + ": " + pattern->error());
      schema.erase("pattern");
    }
    if (auto it = schema.find("format"); it != schema.end() && it->is_string()) schema.erase(it);
  }
  if (schema.is_structured()) {
    for (Json& child : schema) TakeOut(child, patterns);
  }
}

void CheckPatterns(const Json& schema, const Json& value, const std::string& path, const Patterns& patterns,
                   std::vector<FieldFault>& faults) {
  auto child = [&](std::string_view name) { return path.empty() ? std::string(name) : path + "/" + std::string(name); };
  if (auto it = schema.find("pattern"); it != schema.end() && value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (!RE2::PartialMatch(text, *patterns.at(it->get<std::string>()))) {
      faults.push_back({path, "does not match " + it->get<std::string>()});
    }
  }
  if (auto it = schema.find("properties"); it != schema.end() && value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      if (auto known = it->find(name); known != it->end()) CheckPatterns(*known, member, child(name), patterns, faults);
    }
  }
  if (auto it = schema.find("items"); it != schema.end() && value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      CheckPatterns(*it, value[i], child(std::to_string(i)), patterns, faults);
    }
  }
}

// "['a'].b" -> "a/b": valijson's context is <root>, [gpus], [0].
std::string PathOf(const std::vector<std::string>& context) {
  std::string path;
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string_view part = context[i];
    if (part.size() >= 2 && part.front() == '[') part = part.substr(1, part.size() - 2);
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

std::string_view Quoted(std::string_view text) {
  std::size_t begin = text.rfind('\'', text.rfind('\'') - 1), end = text.rfind('\'');
  return begin == std::string_view::npos || begin == end ? std::string_view() : text.substr(begin + 1, end - begin - 1);
}

// valijson writes bounds as "1.000000".
std::string Tidy(std::string text) {
  if (std::size_t zeros = text.find(".000000"); zeros != std::string::npos) text.erase(zeros, 7);
  while (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

// "Expected number less than or equal to 3" -> "must be at most 3".
std::optional<std::string> Bound(std::string_view text) {
  for (const auto& [theirs, ours] :
       {std::pair<std::string_view, const char*>("Expected number less than or equal to ", "must be at most "),
        std::pair<std::string_view, const char*>("Expected number greater than or equal to ", "must be at least ")}) {
    if (text.starts_with(theirs)) return ours + std::string(text.substr(theirs.size()));
  }
  return std::nullopt;
}

// One fault in our words; nothing for those that only repeat that something below them failed.
std::optional<FieldFault> Translate(const valijson::ValidationResults::Error& error) {
  std::string_view text = error.description;
  std::string path = PathOf(error.context);
  auto below = [&](std::string_view name) { return path.empty() ? std::string(name) : path + "/" + std::string(name); };
  if (text.starts_with("Failed to validate")) return std::nullopt;
  if (text.starts_with("Missing required property")) return FieldFault{below(Quoted(text)), "is required"};
  if (text.starts_with("Object contains a property")) return FieldFault{below(Quoted(text)), "is not known"};
  if (text.starts_with("Value type not permitted")) return FieldFault{path, "has the wrong type"};
  if (text.starts_with("Failed to match against any enum")) return FieldFault{path, "is not one of the allowed values"};
  if (text.starts_with("Elements at indexes")) return FieldFault{path, "has the same element twice"};
  if (auto bound = Bound(Tidy(error.description))) return FieldFault{path, *std::move(bound)};
  std::string problem = Tidy(error.description);
  if (!problem.empty()) problem[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(problem[0])));
  return FieldFault{path, problem};
}

}  // namespace

struct Schema::Compiled {
  valijson::Schema schema;
  Patterns patterns;
};

Schema::Schema(Json schema) : json_(std::move(schema)), compiled_(std::make_unique<Compiled>()) {
  Json without_patterns = json_;
  TakeOut(without_patterns, compiled_->patterns);
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(without_patterns), compiled_->schema);
}

Schema::~Schema() = default;

std::vector<FieldFault> Schema::Check(const Json& value) const {
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  valijson::adapters::NlohmannJsonAdapter target(value);
  std::vector<FieldFault> faults;
  if (!validator.validate(compiled_->schema, target, &results)) {
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
      if (auto fault = Translate(error)) faults.push_back(*std::move(fault));
    }
    if (faults.empty()) faults.push_back({"", "does not fit the contract"});
  }
  CheckPatterns(json_, value, "", compiled_->patterns, faults);
  return faults;
}

Json FaultsToJson(const std::vector<FieldFault>& faults) {
  Json fields = Json::array();
  for (const FieldFault& fault : faults) fields.push_back({{"field", fault.field}, {"problem", fault.problem}});
  return fields;
}

}  // namespace gpuaas::platform
