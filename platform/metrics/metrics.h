#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gpuaas::platform {

// Label names and values in a fixed order, for example {{"route", "/api/v1/skus"}, {"code", "200"}}. Values must come
// from a bounded set: each combination is kept for the life of the process.
using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void Increment(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts observations below fixed bounds (seconds by default).
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void Observe(double value);

 private:
  friend class Metrics;
  const std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;  // one per bound, and one above them all
  std::atomic<double> sum_{0};
};

// A registry with Prometheus' text exposition. All calls are thread-safe; returned references live as long as it does,
// so hot paths keep them.
class Metrics {
 public:
  // The process-wide one, which /metrics shows.
  static Metrics& Global();

  // The metric with that name and labels, made at first use. Names follow Prometheus: `gpuaas_http_requests_total`,
  // `..._seconds`. `help` counts on the first use of a name. The same name must not be used for two kinds.
  Counter& GetCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& GetHistogram(std::string_view name, std::string_view help, const Labels& labels = {});

  // `collect` runs before each exposition, to set gauges of things that are counted elsewhere (pools, queues).
  void OnCollect(std::function<void()> collect);

  // Text exposition format 0.0.4, in stable order.
  std::string Expose();

 private:
  struct Family {
    std::string help;
    std::string_view type;
    std::map<std::string, std::unique_ptr<Counter>> counters;  // by rendered labels
    std::map<std::string, std::unique_ptr<Gauge>> gauges;
    std::map<std::string, std::unique_ptr<Histogram>> histograms;
  };
  Family& FamilyOf(std::string_view name, std::string_view help, std::string_view type);

  std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
  std::vector<std::function<void()>> collectors_;
};

}  // namespace gpuaas::platform
