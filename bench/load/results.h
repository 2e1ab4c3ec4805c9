// What one thread counted, and how it becomes a report.
#pragma once

#include <array>
#include <string>

#include "bench/load/failure.h"
#include "bench/load/hdr_histogram.h"
#include "bench/load/options.h"

namespace sallyport::bench {

struct Results {
  // Over the measured window:
  uint64_t exchanges = 0;  // complete and good
  uint64_t bytes_sent = 0, bytes_received = 0;
  HdrHistogram latency;  // of good exchanges, µs
  double seconds = 0;    // the window's length
  double watched_cpu_seconds = 0;
  // Over the whole run, opening and warm-up included:
  uint64_t connections_opened = 0;
  uint64_t handshakes_full = 0, handshakes_resumed = 0;
  HdrHistogram opening;  // connecting and shaking hands, µs
  uint64_t unclean_closes = 0;  // after our goodbye: a reset, or no goodbye in time
  std::array<uint64_t, kFailureKinds> failures{};
  std::array<std::string, kFailureKinds> first_failure;
  std::string tls;  // version and cipher of the first handshake

  void count(const Failure& failure);
  void merge(const Results& other);
  uint64_t all_failures() const;
};

std::string text_report(const Options& options, const Results& results);
std::string json_report(const Options& options, const Results& results);

}  // namespace sallyport::bench
