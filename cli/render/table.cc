#include "cli/render/table.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 20;  // no column is cut below this
constexpr const char* kNothing = "-";

std::string Header(const std::string& name) {
  std::string header;
  for (unsigned char c : name) header += c == '_' ? ' ' : static_cast<char>(std::toupper(c));
  return header;
}

std::string Painted(const std::string& cell, const Column& column, const Terminal& terminal, std::string_view state) {
  return column.kind == Column::Kind::kState ? terminal.Paint(StyleOfState(state), cell) : cell;
}

std::size_t TotalWidth(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
}

void Shrink(std::vector<std::size_t>& widths, std::size_t available) {
  while (widths.size() > 1 && TotalWidth(widths) > available) {
    const auto widest = std::max_element(widths.begin() + 1, widths.end());
    if (*widest <= kNarrowest) return;
    --*widest;
  }
}

// The columns in which any row has something.
Columns Used(const Columns& columns, const Json& items, const Terminal& terminal, TimePoint now) {
  Columns used;
  for (const Column& column : columns) {
    const bool any = std::any_of(items.begin(), items.end(),
                                 [&](const Json& item) { return !Cell(item, column, terminal, now).empty(); });
    if (any) used.push_back(column);
  }
  return used;
}

}  // namespace

Columns Showing(Columns columns, std::initializer_list<std::string_view> names) {
  for (Column& column : columns) {
    if (std::ranges::find(names, column.name) != names.end()) column.wide = false;
  }
  return columns;
}

std::string Cell(const Json& item, const Column& column, const Terminal& terminal, TimePoint now) {
  std::string text = column.value ? column.value(item) : TextAt(item, column.path);
  if (const auto time = column.kind == Column::Kind::kTime ? ParseTime(text) : std::nullopt) {
    if (!terminal.is_tty) return FormatTime(*time);
    return *time <= now ? FormatAge(now - *time) + " ago" : "in " + FormatAge(*time - now);
  }
  return Printable(text);
}

std::string Table(const Json& items, const Columns& columns, bool headers, const Terminal& terminal, TimePoint now) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> widths;
  for (const Column& column : columns) widths.push_back(headers ? Width(column.name) : 0);
  for (const Json& item : items) {
    std::vector<std::string>& row = rows.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row.push_back(Cell(item, columns[i], terminal, now));
      if (row.back().empty()) row.back() = kNothing;
      widths[i] = std::max(widths[i], Width(row.back()));
    }
  }
  if (terminal.width > 0 && TotalWidth(widths) > terminal.width) {
    Columns used = Used(columns, items, terminal, now);
    if (used.size() < columns.size()) return Table(items, used, headers, terminal, now);
    Shrink(widths, terminal.width);
    if (TotalWidth(widths) > terminal.width && columns.size() > 1 && !columns.back().kept) {
      return Table(items, Columns(columns.begin(), columns.end() - 1), headers, terminal, now);
    }
  }

  std::string out;
  const auto finish_line = [&] {
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  if (headers) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      out += terminal.Paint(Style::kBold, Pad(Truncate(Header(columns[i].name), widths[i]), widths[i]));
      out += std::string(kGap, ' ');
    }
    finish_line();
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string cell = terminal.width > 0 ? Truncate(row[i], widths[i]) : row[i];
      out += Painted(cell, columns[i], terminal, row[i]) + std::string(widths[i] - Width(cell) + kGap, ' ');
    }
    finish_line();
  }
  return out;
}

std::string Card(const Json& item, const Columns& columns, const Terminal& terminal, TimePoint now) {
  std::size_t width = 0;
  for (const Column& column : columns) width = std::max(width, Width(column.name));
  std::string out;
  for (const Column& column : columns) {
    const std::string cell = Cell(item, column, terminal, now);
    if (cell.empty()) continue;
    out += terminal.Paint(Style::kDim, Pad(column.name, width)) + std::string(kGap, ' ') +
           Painted(cell, column, terminal, cell) + "\n";
  }
  return out;
}

}  // namespace gpuaas::cli
