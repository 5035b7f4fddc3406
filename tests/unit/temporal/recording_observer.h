#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "temporal/common/observer.h"

namespace temporal {

// Remembers the metrics that are reported.
class RecordingObserver : public Observer {
 public:
  void Count(std::string_view metric, Labels labels, double delta) override {
    const std::lock_guard lock(mutex_);
    Of(metric, labels) += delta;
  }
  void Gauge(std::string_view metric, Labels labels, double value) override {
    const std::lock_guard lock(mutex_);
    Of(metric, labels) = value;
    double& most = most_[std::string(metric)];
    most = std::max(most, value);
  }
  void Latency(std::string_view metric, Labels labels, Duration value) override {
    const std::lock_guard lock(mutex_);
    Of(metric, labels) += 1;
    if (value < Duration(0)) negative_.insert(std::string(metric));
  }

  // Of all series of the metric that have the label, the sum of counts or of gauges; of latencies how many there were.
  double Sum(std::string_view metric, std::string_view label = {}, std::string_view value = {}) const {
    const std::lock_guard lock(mutex_);
    double sum = 0;
    for (const auto& [series, number] : series_) {
      const auto found = series.second.find(std::string(label));
      if (series.first != metric) continue;
      if (label.empty() || (found != series.second.end() && found->second == value)) sum += number;
    }
    return sum;
  }
  // The highest value that a gauge has had.
  double Most(std::string_view gauge) const {
    const std::lock_guard lock(mutex_);
    const auto found = most_.find(std::string(gauge));
    return found == most_.end() ? 0 : found->second;
  }
  std::set<std::string> Names() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> names;
    for (const auto& [series, number] : series_) names.insert(series.first);
    return names;
  }
  std::set<std::string> NegativeLatencies() const {
    const std::lock_guard lock(mutex_);
    return negative_;
  }

 private:
  using Series = std::pair<std::string, std::map<std::string, std::string>>;
  double& Of(std::string_view metric, Labels labels) {
    return series_[{std::string(metric), std::map<std::string, std::string>(labels.begin(), labels.end())}];
  }
  mutable std::mutex mutex_;
  std::map<Series, double> series_;
  std::map<std::string, double> most_;
  std::set<std::string> negative_;
};

}  // namespace temporal
