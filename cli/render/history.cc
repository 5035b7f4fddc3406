#include "cli/render/history.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

std::string Status(std::string_view state) {
  if (state == "completed") return "ok";
  if (state == "failed" || state == "timed_out") return "FAILED";
  return std::string(state);
}

std::string Start(const Json& of, const Terminal& terminal) {
  const std::string text = TextAt(of, "started_at");
  const auto time = ParseTime(text);
  if (!time) return text;
  return terminal.is_tty ? FormatClock(*time) : FormatTime(*time);
}

std::string Span(const Json& begin, const Json& end, TimePoint now) {
  const auto from = ParseTime(Text(begin));
  if (!from) return {};
  const auto to = ParseTime(Text(end));
  return FormatDuration((to ? *to : now) - *from);
}

std::string Cause(const Json& error) {
  if (!error.is_object()) return {};
  const std::string code = TextAt(error, "code"), message = TextAt(error, "message");
  if (message.empty()) return Printable(code);
  return Printable(message) + (code.empty() ? "" : " (" + Printable(code) + ")");
}

// Attempts that ended alike, next to each other.
struct Fold {
  const Json* first;
  const Json* last;
  std::size_t count;
};

std::vector<Fold> FoldAttempts(const Json& attempts) {
  std::vector<Fold> folds;
  for (const Json& attempt : attempts) {
    const bool alike = !folds.empty() && At(*folds.back().last, "state") == At(attempt, "state") &&
                       At(*folds.back().last, "error") == At(attempt, "error");
    if (alike) {
      folds.back().last = &attempt;
      ++folds.back().count;
    } else {
      folds.push_back({&attempt, &attempt, 1});
    }
  }
  return folds;
}

StepRow RowOf(const Fold& fold, bool is_last, const Terminal& terminal, TimePoint now) {
  StepRow row;
  const std::string from = TextAt(*fold.first, "attempt"), to = TextAt(*fold.last, "attempt");
  row.name = (is_last ? "`- try " : "|- try ") + from + (from == to ? "" : "-" + to);
  row.start = Start(*fold.first, terminal);
  row.took = Span(At(*fold.first, "started_at"), At(*fold.last, "ended_at"), now);
  row.detail = Cause(At(*fold.last, "error"));
  if (row.detail.empty()) row.detail = Status(TextAt(*fold.last, "state"));
  if (fold.count > 1) row.detail += ", " + std::to_string(fold.count) + "x";
  return row;
}

std::string RetryNote(const Json& step, TimePoint now) {
  const auto at = ParseTime(TextAt(step, "next_retry_at"));
  if (!at) return {};
  return *at > now ? "next try in " + FormatDuration(*at - now) : "next try now";
}

// When a timer that still runs will go off.
std::string DueNote(const Json& step, const Terminal& terminal, TimePoint now) {
  const auto due = ParseTime(TextAt(step, "due_at"));
  if (!due || IsOver(step)) return {};
  return "until " + (terminal.is_tty ? FormatClock(*due) + "Z" : FormatTime(*due)) +
         (*due > now ? " (in " + FormatDuration(*due - now) + ")" : "");
}

// A request may share the name of the step that carries it out; a timer's number says nothing.
std::string RowName(const Json& step) {
  const std::string kind = TextAt(step, "kind");
  if (kind == "timer") return "wait";
  return StepName(TextAt(step, "name")) + (kind == "signal" ? " (request)" : "");
}

Style StyleOfStatus(std::string_view status) { return status == "ok" ? Style::kGood : StyleOfState(status); }

std::string Result(const Json& history, const Terminal& terminal) {
  const Json& steps = At(history, "steps");
  StepCounter counter;
  std::size_t failed = 0, under_way = 0;
  const Json* current = nullptr;
  for (const Json& step : steps) {
    const std::size_t number = counter.Next(step);
    const std::string state = TextAt(step, "state");
    if (state == "failed" || state == "timed_out") failed = number;
    // A lease's timer runs all the time: what is being done matters more.
    const bool is_better = current == nullptr || TextAt(*current, "kind") != "activity";
    if (!IsOver(step) && is_better) {
      under_way = number;
      current = &step;
    }
  }
  std::string text = TextAt(history, "status");
  if (failed > 0) text += "; step " + std::to_string(failed) + " failed";
  if (current != nullptr) {
    text += "; " + (under_way == 0 ? std::string() : "step " + std::to_string(under_way) + " ") + "(" +
            RowName(*current) + ") " + TextAt(*current, "state");
  } else if (TextAt(history, "status") != "running") {
    text += "; nothing scheduled";
  }
  return terminal.Paint(Style::kBold, "Result") + "  " + Printable(text) + "\n";
}

}  // namespace

std::string WhyEmpty(const Json& history) {
  if (At(history, "run_id").is_null()) return "no steps yet: it waits to be handed to the workflow service";
  if (At(history, "taken_up") == Json(false)) return "no steps yet: no worker has taken it up";
  return "no steps yet: nothing has happened";
}

std::size_t StepCounter::Next(const Json& step) { return TextAt(step, "kind") == "timer" ? 0 : ++last_; }

bool IsOver(const Json& step) {
  const std::string state = TextAt(step, "state");
  return state != "scheduled" && state != "running" && state != "retrying";
}

std::string StepName(std::string_view name) {
  if (const std::size_t dot = name.rfind('.'); dot != std::string_view::npos) name.remove_prefix(dot + 1);
  std::string words;
  for (const unsigned char c : name) {
    if (std::isupper(c) && !words.empty() && words.back() != '-') words += '-';
    words += static_cast<char>(std::tolower(c));
  }
  return Printable(words);
}

std::vector<StepRow> StepRows(const Json& step, std::size_t number, const Terminal& terminal, TimePoint now) {
  if (TextAt(step, "kind") == "timer" && TextAt(step, "state") == "canceled") return {};
  StepRow row;
  if (number > 0) row.number = std::to_string(number);
  row.name = RowName(step);
  row.status = Status(TextAt(step, "state"));
  row.tries = TextAt(step, "kind") == "activity" ? TextAt(step, "attempts") : std::string();
  row.start = Start(step, terminal);
  row.took = Span(At(step, "started_at"), At(step, "ended_at"), now);
  const std::string cause = Cause(At(step, "error"));
  const std::string retry = RetryNote(step, now) + DueNote(step, terminal, now);
  const Json& attempts = At(step, "attempt_list");
  const std::vector<Fold> folds = FoldAttempts(attempts);
  const bool show_attempts = attempts.is_array() && attempts.size() > 1;

  // A single cause belongs on the step's own line; several attempts say it themselves.
  row.detail = Printable(TextAt(step, "detail"));
  if (row.detail.empty() && !show_attempts) row.detail = cause;
  if (!retry.empty()) row.detail += (row.detail.empty() ? "" : "; ") + retry;
  std::vector<StepRow> rows = {row};
  if (!show_attempts) return rows;
  const bool cause_is_said = cause.empty() || std::any_of(folds.begin(), folds.end(), [&](const Fold& fold) {
                               return Cause(At(*fold.last, "error")) == cause;
                             });
  for (std::size_t i = 0; i < folds.size(); ++i) {
    rows.push_back(RowOf(folds[i], cause_is_said && i + 1 == folds.size(), terminal, now));
  }
  if (!cause_is_said) rows.push_back({"", "`- cause", "", "", "", "", cause});
  return rows;
}

std::string StepTable(const std::vector<StepRow>& rows, bool headers, const Terminal& terminal) {
  constexpr std::size_t kColumns = 7;
  using Cells = std::array<std::string, kColumns>;
  std::vector<Cells> lines;
  if (headers) lines.push_back({"#", "STEP", "STATUS", "TRY", "START", "TOOK", "DETAIL"});
  for (const StepRow& row : rows) {
    lines.push_back({row.number, row.name, row.status, row.tries, row.start, row.took, row.detail});
  }
  // Rows that come in several tables (--watch) should stand below each other.
  std::array<std::size_t, kColumns> widths = {2, 14, 8, 3, 8, 6, 0};
  if (headers) widths = {};
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  std::string out;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const bool is_header = headers && n == 0;
    std::string text;
    std::size_t used = 0;
    for (std::size_t i = 0; i < kColumns; ++i) {
      std::string cell = lines[n][i];
      if (i + 1 == kColumns && terminal.width > used + 8) cell = Truncate(cell, terminal.width - used);
      const std::string padding(i + 1 == kColumns ? 0 : widths[i] - Width(cell) + 2, ' ');
      used += widths[i] + 2;
      text += (is_header ? terminal.Paint(Style::kBold, cell)
               : i == 2  ? terminal.Paint(StyleOfStatus(cell), cell)
                         : cell) +
              padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

std::string AllocationTitle(const Json& allocation, const Terminal& terminal, TimePoint now) {
  std::string state = TextAt(allocation, "state");
  const Style style = StyleOfState(state);
  for (char& c : state) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::string created = TextAt(allocation, "created_at");
  const auto time = ParseTime(created);
  std::string title = terminal.Paint(Style::kBold, Printable(TextAt(allocation, "id")));
  const auto add = [&](const std::string& part) {
    if (!part.empty()) title += "  " + part;
  };
  add(Printable(TextAt(allocation, "name")));
  add(terminal.Paint(style, Printable(state)));
  add(Printable(TextAt(allocation, "gpus") + " x " + TextAt(allocation, "sku")));
  add(time ? (terminal.is_tty ? FormatClock(*time) + "Z" : FormatTime(*time)) : std::string());
  add(Span(At(allocation, "created_at"), At(allocation, "ended_at"), now));
  add(Printable(TextAt(allocation, "operation_id")));
  return title;
}

std::string HistoryPicture(std::string_view title, const Json& history, std::string_view next, const Terminal& terminal,
                           TimePoint now) {
  std::vector<StepRow> rows;
  StepCounter counter;
  for (const Json& step : At(history, "steps")) {
    for (StepRow& row : StepRows(step, counter.Next(step), terminal, now)) rows.push_back(std::move(row));
  }
  std::string out;
  if (!title.empty()) out += std::string(title) + "\n";
  if (rows.empty()) {
    out += WhyEmpty(history) + "\n";
  } else {
    out += StepTable(rows, /*headers=*/true, terminal);
  }
  out += Result(history, terminal);
  if (!next.empty()) out += terminal.Paint(Style::kBold, "Next") + "    " + Printable(next) + "\n";
  return out;
}

}  // namespace gpuaas::cli
