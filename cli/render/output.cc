#include "cli/render/output.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/render/text.h"
#include "cli/render/yaml.h"

namespace gpuaas::cli {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 6> kFormats = {{{"table", Format::kTable},
                                                                          {"wide", Format::kWide},
                                                                          {"json", Format::kJson},
                                                                          {"jsonl", Format::kJsonl},
                                                                          {"yaml", Format::kYaml},
                                                                          {"none", Format::kNone}}};

// A terminal obeys control characters also inside JSON: DEL and C1 are escaped (JSON itself escapes C0). They occur in
// strings only, so the document means the same.
std::string Defused(const std::string& json) {
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<unsigned char>(json[i]);
    const auto next = i + 1 < json.size() ? static_cast<unsigned char>(json[i + 1]) : 0;
    if (byte == 0x7F) {
      out += "\\u007f";
    } else if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {
      static constexpr std::string_view kHex = "0123456789abcdef";
      out += {'\\', 'u', '0', '0', kHex[next >> 4], kHex[next & 15]};
      ++i;
    } else {
      out += json[i];
    }
  }
  return out;
}

std::string Dump(const Json& value, int indent) {
  return Defused(value.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace));
}

// Whether any of the objects has a member of that path. Below null there may be anything.
bool Has(const Json& items, std::string_view path) {
  const std::string head(path.substr(0, path.find('.')));
  const std::string_view rest = head.size() < path.size() ? path.substr(head.size() + 1) : std::string_view();
  return std::ranges::any_of(items, [&](const Json& item) {
    if (item.is_null()) return true;
    if (!item.is_object() || !item.contains(head)) return false;
    return rest.empty() || Has(Json::array({item[head]}), rest);
  });
}

bool Has(const Columns& columns, const std::string& name) {
  return std::ranges::find(columns, name, &Column::name) != columns.end();
}

// The names that can be asked for: the columns' and the members'.
std::string Known(const Json& items, const Columns& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  for (const Json& item : items) {
    if (!item.is_object()) continue;
    for (const auto& [name, value] : item.items()) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  return known;
}

}  // namespace

std::optional<Format> ParseFormat(std::string_view name) {
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
  }
  return std::nullopt;
}

Output::Output(OutputOptions options, Terminal terminal, std::ostream& data, TimePoint now)
    : options_(std::move(options)), terminal_(terminal), data_(data), now_(now) {}

void Output::Check(const std::vector<std::string>& members, const Columns& columns) const {
  Json object = Json::object();
  for (const std::string& member : members) object[member] = nullptr;
  const Json items = Json::array({object});
  CheckFields(items);
  CheckColumns(items, columns);
}

void Output::CheckFields(const Json& items) const {
  if (items.empty()) return;
  for (const std::string& field : options_.fields) {
    if (!Has(items, field)) throw UnknownField("--json", field, Known(items, {}));
  }
}

void Output::CheckColumns(const Json& items, const Columns& columns) const {
  if (items.empty()) return;
  for (const std::string& name : options_.columns) {
    if (!Has(columns, name) && !Has(items, name)) throw UnknownField("--columns", name, Known(items, columns));
  }
}

Json Output::Selected(const Json& object) const {
  if (options_.fields.empty()) return object;
  Json selected = Json::object();
  for (const std::string& field : options_.fields) selected[field] = At(object, field);
  return selected;
}

Columns Output::Chosen(const Columns& columns) const {
  Columns chosen;
  for (const std::string& name : options_.columns) {
    Column column{name, name};
    for (const Column& known : columns) {
      if (known.name == name) column = known;
    }
    chosen.push_back(std::move(column));
  }
  if (chosen.empty()) {
    for (const Column& column : columns) {
      if (!column.wide || options_.format == Format::kWide) chosen.push_back(column);
    }
  }
  const bool is_explicit = !options_.columns.empty() || options_.format == Format::kWide;
  for (Column& column : chosen) column.kept = is_explicit;
  return chosen;
}

void Output::Machine(const Json& value) {
  if (options_.jq != nullptr && options_.format != Format::kNone) {
    for (const std::string& line : options_.jq->Run(value)) {
      data_ << (terminal_.is_tty ? Printable(line, /*keep_lines=*/true) : line) << '\n';
    }
    data_.flush();
    return;
  }
  if (options_.format == Format::kJson) data_ << Dump(value, 2) << '\n';
  if (options_.format == Format::kJsonl) data_ << Dump(value, -1) << '\n';
  if (options_.format == Format::kYaml) data_ << Defused(ToYaml(value));
  data_.flush();
}

void Output::List(const Json& items, const std::string& next_cursor, const Columns& columns) {
  if (IsTable()) {
    CheckColumns(items, columns);
    if (!items.empty()) data_ << Table(items, Chosen(columns), options_.headers, terminal_, now_) << std::flush;
    return;
  }
  CheckFields(items);
  Json selected = Json::array();
  for (const Json& item : items) selected.push_back(Selected(item));
  if (options_.format == Format::kJsonl) {
    for (const Json& item : selected) Machine(item);
    return;
  }
  Machine({{"items", std::move(selected)}, {"next_cursor", next_cursor.empty() ? Json() : Json(next_cursor)}});
}

void Output::Object(const Json& object, const Columns& columns) {
  if (IsTable()) {
    CheckColumns(Json::array({object}), columns);
    data_ << Card(object, Chosen(columns), terminal_, now_) << std::flush;
  } else {
    CheckFields(Json::array({object}));
    Machine(Selected(object));
  }
}

void Output::ObjectOr(const Json& object, std::string_view text) {
  if (IsTable()) {
    data_ << text << std::flush;
  } else {
    CheckFields(Json::array({object}));
    Machine(Selected(object));
  }
}

void Output::StreamLine(const Json& object, std::string_view text) {
  if (options_.format == Format::kJsonl) Machine(Selected(object));
  if (IsTable()) data_ << text << std::flush;
}

}  // namespace gpuaas::cli
