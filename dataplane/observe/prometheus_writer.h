// Prometheus' text format, version 0.0.4: one family after the other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/clock.h"
#include "dataplane/observe/histogram.h"

namespace sallyport {

/// `key="value"`, with the value escaped as the format wants it. REQUIRES: `key` is a label's name.
std::string prometheus_label(std::string_view key, std::string_view value);

class PrometheusWriter {
 public:
  /// Begins a family; all that follows belongs to it. REQUIRES: each name comes once.
  void family(std::string_view name, std::string_view type, std::string_view help);

  /// A sample. `labels` are joined by commas; may be empty.
  void value(std::string_view labels, uint64_t value);

  /// All samples of a histogram: its buckets, sum and count, in seconds.
  template <const auto& kBounds>
  void histogram(std::string_view labels, const HistogramTotals<kBounds>& totals) {
    histogram(labels, kBounds, totals.buckets, totals.sum_micros);
  }

  std::string take() { return std::move(out_); }

 private:
  void histogram(std::string_view labels, std::span<const Micros> bounds,
                 std::span<const uint64_t> buckets, uint64_t sum_micros);
  void sample(std::string_view suffix, std::string_view labels, std::string_view le,
              std::string_view value);

  std::string name_;
  std::string out_;
};

}  // namespace sallyport
