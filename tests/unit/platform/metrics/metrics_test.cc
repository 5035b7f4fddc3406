#include "platform/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gpuaas::platform {
namespace {

using testing::HasSubstr;

TEST(MetricsTest, ExposesCountersAndGauges) {
  Metrics metrics;
  metrics.GetCounter("requests_total", "Requests.", {{"code", "200"}}).Increment(2);
  metrics.GetCounter("requests_total", "Requests.", {{"code", "200"}}).Increment();
  metrics.GetCounter("requests_total", "Requests.", {{"code", "a\"b\\c\nd"}}).Increment();
  metrics.GetGauge("depth", "Depth.").Set(2.5);
  EXPECT_EQ(metrics.Expose(),
            "# HELP depth Depth.\n# TYPE depth gauge\ndepth 2.5\n"
            "# HELP requests_total Requests.\n# TYPE requests_total counter\n"
            "requests_total{code=\"200\"} 3\nrequests_total{code=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(MetricsTest, HistogramsAreCumulative) {
  Metrics metrics;
  Histogram& histogram = metrics.GetHistogram("took_seconds", "Time.", {{"step", "x"}});
  for (const double value : {0.001, 0.3, 0.3, 100.0}) histogram.Observe(value);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("took_seconds_bucket{step=\"x\",le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_bucket{step=\"x\",le=\"0.5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_bucket{step=\"x\",le=\"30\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_bucket{step=\"x\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_count{step=\"x\"} 4\n"));
}

TEST(MetricsTest, CollectorsRunBeforeEachExposition) {
  Metrics metrics;
  int runs = 0;
  metrics.OnCollect([&] { metrics.GetGauge("runs", "Runs.").Set(++runs); });
  metrics.Expose();
  EXPECT_THAT(metrics.Expose(), HasSubstr("runs 2\n"));
}

}  // namespace
}  // namespace gpuaas::platform
