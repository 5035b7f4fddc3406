#include "cli/render/jq.h"

#include <jq.h>

namespace gpuaas::cli {
namespace {

std::string TextOf(jv value) {
  const jv text = jv_get_kind(value) == JV_KIND_STRING ? value : jv_dump_string(value, 0);
  std::string copy(jv_string_value(text), static_cast<std::size_t>(jv_string_length_bytes(jv_copy(text))));
  jv_free(text);
  return copy;
}

// Keeps the first complaint: the later ones only repeat that there was one.
void KeepComplaint(void* kept, jv message) {
  std::string& complaint = *static_cast<std::string*>(kept);
  const std::string text = TextOf(message);
  if (complaint.empty()) complaint = text;
}

}  // namespace

Jq::Jq(const std::string& program) : state_(jq_init(), [](jq_state* state) { jq_teardown(&state); }) {
  if (state_ == nullptr) throw std::runtime_error("jq: out of memory");
  std::string complaint;
  jq_set_error_cb(state_.get(), KeepComplaint, &complaint);
  const bool compiled = jq_compile(state_.get(), program.c_str()) != 0;
  jq_set_error_cb(state_.get(), nullptr, nullptr);
  if (!compiled) throw std::invalid_argument(complaint);
}

std::vector<std::string> Jq::Run(const Json& value) {
  const std::string text = value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  jq_start(state_.get(), jv_parse_sized(text.data(), static_cast<int>(text.size())), 0);
  std::vector<std::string> lines;
  for (jv result = jq_next(state_.get());; result = jq_next(state_.get())) {
    if (!jv_is_valid(result)) {
      const jv cause = jv_invalid_get_msg(result);
      if (jv_get_kind(cause) != JV_KIND_NULL) throw JqFailure(TextOf(cause));
      jv_free(cause);
      return lines;
    }
    lines.push_back(TextOf(result));
  }
}

}  // namespace gpuaas::cli
