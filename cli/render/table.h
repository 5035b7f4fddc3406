#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/render/json.h"
#include "cli/render/terminal.h"
#include "cli/render/time.h"

namespace gpuaas::cli {

// A column of a resource's table.
struct Column {
  enum class Kind {
    kText,
    kState,  // coloured by its value
    kTime,   // RFC 3339 in a pipe, the age on a terminal
  };
  std::string name;  // what --columns calls it; the header is its upper case
  std::string path;  // dotted path of the value; empty: `value` makes it
  Kind kind = Kind::kText;
  bool wide = false;  // only with --output wide
  std::function<std::string(const Json&)> value;
  bool kept = false;  // asked for by name: shown however narrow the terminal is
};

using Columns = std::vector<Column>;

// The same columns, of which these are also shown without --output wide.
Columns Showing(Columns columns, std::initializer_list<std::string_view> names);

// The cell as text without colour.
std::string Cell(const Json& item, const Column& column, const Terminal& terminal, TimePoint now);

// A table with aligned columns. Where the terminal is too narrow, columns that are empty in all rows are left out, long
// texts other than the first are cut, and then the last columns are left out until a row fits; in a pipe nothing is.
std::string Table(const Json& items, const Columns& columns, bool headers, const Terminal& terminal, TimePoint now);

// One object, a line per column: name and value. Empty values are left out.
std::string Card(const Json& item, const Columns& columns, const Terminal& terminal, TimePoint now);

}  // namespace gpuaas::cli
