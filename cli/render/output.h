#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cli/render/jq.h"
#include "cli/render/json.h"
#include "cli/render/table.h"
#include "cli/render/terminal.h"

namespace gpuaas::cli {

enum class Format { kTable, kWide, kJson, kJsonl, kYaml, kNone };

std::optional<Format> ParseFormat(std::string_view name);

struct OutputOptions {
  Format format = Format::kTable;
  std::vector<std::string> fields;   // --json a,b: only these members (dotted paths), in this order
  std::vector<std::string> columns;  // --columns a,b: only these, in this order; any path of the object works
  bool headers = true;
  std::shared_ptr<Jq> jq;  // --jq: the machine formats show what this program makes of the data; may be null
};

// --json or --columns names what the data does not have.
class UnknownField : public std::invalid_argument {
 public:
  UnknownField(const std::string& option, const std::string& name, std::string known)
      : std::invalid_argument(option + ": there is no '" + name + "'"), known(std::move(known)) {}
  std::string known;  // "id, name, state"
};

// Writes a command's data: the only thing that may write to stdout. Throws UnknownField, with nothing written.
class Output {
 public:
  Output(OutputOptions options, Terminal terminal, std::ostream& data, TimePoint now);

  const OutputOptions& options() const { return options_; }
  const Terminal& terminal() const { return terminal_; }
  bool IsTable() const { return options_.format == Format::kTable || options_.format == Format::kWide; }

  // Whether --json and --columns can be met by objects with these members: for before something is sent.
  void Check(const std::vector<std::string>& members, const Columns& columns) const;

  // {items, next_cursor} or rows. An empty list prints no row.
  void List(const Json& items, const std::string& next_cursor, const Columns& columns);

  // One object: a card, or the object itself.
  void Object(const Json& object, const Columns& columns);

  // The object in the machine formats, `text` (made for people) in the table formats.
  void ObjectOr(const Json& object, std::string_view text);

  // One line of a stream: compact JSON (jsonl), or `text` in the table formats; nothing otherwise.
  void StreamLine(const Json& object, std::string_view text);

 private:
  void Machine(const Json& value);
  void CheckFields(const Json& items) const;
  void CheckColumns(const Json& items, const Columns& columns) const;
  Json Selected(const Json& object) const;
  Columns Chosen(const Columns& columns) const;

  OutputOptions options_;
  Terminal terminal_;
  std::ostream& data_;
  TimePoint now_;
};

}  // namespace gpuaas::cli
