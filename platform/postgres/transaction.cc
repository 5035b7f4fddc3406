#include "platform/postgres/transaction.h"

#include <charconv>
#include <pqxx/pqxx>
#include <stdexcept>
#include <utility>

#include "domain/status_macros.h"

namespace gpuaas::platform {
namespace {

[[noreturn]] void BadCell(const char* column, std::string_view problem) {
  throw std::runtime_error("column " + std::string(column) + " " + std::string(problem));
}

pqxx::field FieldOf(const std::shared_ptr<const void>& result, std::size_t index, const char* column) {
  const auto& rows = *static_cast<const pqxx::result*>(result.get());
  return rows.at(static_cast<pqxx::result::size_type>(index))[column];
}

std::int64_t ToInt(const char* column, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) BadCell(column, "is no integer");
  return value;
}

Time ToTime(const char* column, std::string_view text) {
  const auto time = ParseTime(text);
  if (!time) BadCell(column, "is no time");
  return *time;
}

}  // namespace

Param::Param(const std::vector<std::string>& values) {
  std::string text = "{";
  for (const std::string& value : values) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  text_ = text + "}";
}

bool Row::IsNull(const char* column) const { return FieldOf(result_, index_, column).is_null(); }

std::string_view Row::Cell(const char* column) const {
  const pqxx::field field = FieldOf(result_, index_, column);
  if (field.is_null()) BadCell(column, "is NULL");
  return {field.c_str(), field.size()};
}

std::string Row::Text(const char* column) const { return std::string(Cell(column)); }
std::int64_t Row::Int(const char* column) const { return ToInt(column, Cell(column)); }
Time Row::Timestamp(const char* column) const { return ToTime(column, Cell(column)); }

bool Row::Bool(const char* column) const {
  const std::string_view text = Cell(column);
  if (text != "t" && text != "f") BadCell(column, "is no boolean");
  return text == "t";
}

std::vector<std::string> Row::TextArray(const char* column) const {
  const std::string_view text = Cell(column);
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') BadCell(column, "is no array");
  std::vector<std::string> values;
  const std::string_view inside = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < inside.size(); ++i) {  // at the first character of an element
    std::string value;
    if (inside[i] == '"') {
      for (++i; i < inside.size() && inside[i] != '"'; ++i) {
        if (inside[i] == '\\') ++i;
        if (i < inside.size()) value += inside[i];
      }
      ++i;  // the closing quote
    } else {
      for (; i < inside.size() && inside[i] != ','; ++i) value += inside[i];
    }
    values.push_back(std::move(value));
  }
  return values;
}

std::string Row::TextOrEmpty(const char* column) const { return IsNull(column) ? std::string() : Text(column); }

std::optional<std::string> Row::OptionalText(const char* column) const {
  return IsNull(column) ? std::nullopt : std::optional(Text(column));
}
std::optional<std::int64_t> Row::OptionalInt(const char* column) const {
  return IsNull(column) ? std::nullopt : std::optional(Int(column));
}
std::optional<Time> Row::OptionalTimestamp(const char* column) const {
  return IsNull(column) ? std::nullopt : std::optional(Timestamp(column));
}

absl::StatusOr<std::size_t> Transaction::Execute(std::string_view sql, std::initializer_list<Param> params) {
  GPUAAS_ASSIGN_OR_RETURN(const Rows rows, Query(sql, params));
  return rows.affected();
}

absl::StatusOr<Row> Transaction::QueryOne(std::string_view sql, std::initializer_list<Param> params,
                                          std::string_view missing) {
  GPUAAS_ASSIGN_OR_RETURN(const Rows rows, Query(sql, params));
  if (rows.empty()) return MakeError(ErrorCode::kNotFound, missing);
  return rows[0];
}

void Transaction::AtCommit(std::string order, std::function<absl::Status(Transaction&)> run) {
  at_commit_.emplace(std::move(order), std::move(run));
}

absl::Status Transaction::RunAtCommit() {
  for (const auto& [order, run] : std::exchange(at_commit_, {})) GPUAAS_RETURN_IF_ERROR(run(*this));
  return absl::OkStatus();
}

}  // namespace gpuaas::platform
