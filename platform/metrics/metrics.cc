#include "platform/metrics/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace gpuaas::platform {
namespace {

const std::vector<double>& DefaultBounds() {
  static const std::vector<double> bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                             0.25,  0.5,    1,     2.5,  5,     10,   30};
  return bounds;
}

std::string Number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string Escape(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '\\' || c == '"') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else {
      result += c;
    }
  }
  return result;
}

// `a="1",b="2"`, or empty.
std::string Render(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text.append(name).append("=\"").append(Escape(value)).append("\"");
  }
  return text;
}

void Line(std::string& out, std::string_view name, std::string_view suffix, const std::string& labels,
          const std::string& extra, const std::string& value) {
  out.append(name).append(suffix);
  if (!labels.empty() || !extra.empty()) {
    out.append("{").append(labels).append(!labels.empty() && !extra.empty() ? "," : "").append(extra).append("}");
  }
  out.append(" ").append(value).append("\n");
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), buckets_(new std::atomic<std::uint64_t>[bounds_.size() + 1]()) {}

void Histogram::Observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Metrics& Metrics::Global() {
  static Metrics& metrics = *new Metrics();
  return metrics;
}

Metrics::Family& Metrics::FamilyOf(std::string_view name, std::string_view help, std::string_view type) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(std::string(name), Family{}).first;
    found->second.help = help;
    found->second.type = type;
  }
  return found->second;
}

Counter& Metrics::GetCounter(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  auto& slot = FamilyOf(name, help, "counter").counters[Render(labels)];
  if (!slot) slot = std::make_unique<Counter>();
  return *slot;
}

Gauge& Metrics::GetGauge(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  auto& slot = FamilyOf(name, help, "gauge").gauges[Render(labels)];
  if (!slot) slot = std::make_unique<Gauge>();
  return *slot;
}

Histogram& Metrics::GetHistogram(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  auto& slot = FamilyOf(name, help, "histogram").histograms[Render(labels)];
  if (!slot) slot = std::make_unique<Histogram>(DefaultBounds());
  return *slot;
}

void Metrics::OnCollect(std::function<void()> collect) {
  std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collect));
}

std::string Metrics::Expose() {
  std::vector<std::function<void()>> collectors;
  {
    std::lock_guard lock(mutex_);
    collectors = collectors_;
  }
  for (const auto& collect : collectors) collect();  // they set gauges of this registry, so outside the lock

  std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out.append("# HELP ").append(name).append(" ").append(family.help).append("\n");
    out.append("# TYPE ").append(name).append(" ").append(family.type).append("\n");
    for (const auto& [labels, counter] : family.counters) {
      Line(out, name, "", labels, "", std::to_string(counter->Value()));
    }
    for (const auto& [labels, gauge] : family.gauges) Line(out, name, "", labels, "", Number(gauge->Value()));
    for (const auto& [labels, histogram] : family.histograms) {
      std::uint64_t total = 0;
      for (std::size_t i = 0; i <= histogram->bounds_.size(); ++i) {
        total += histogram->buckets_[i].load(std::memory_order_relaxed);
        const double bound = i < histogram->bounds_.size() ? histogram->bounds_[i] : INFINITY;
        Line(out, name, "_bucket", labels, "le=\"" + Number(bound) + "\"", std::to_string(total));
      }
      Line(out, name, "_sum", labels, "", Number(histogram->sum_.load(std::memory_order_relaxed)));
      Line(out, name, "_count", labels, "", std::to_string(total));
    }
  }
  return out;
}

}  // namespace gpuaas::platform
