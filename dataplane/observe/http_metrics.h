// Counters of one worker's HTTP exchanges.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/observe/count.h"
#include "dataplane/observe/histogram.h"
#include "dataplane/observe/request_record.h"
#include "dataplane/wire/h1_head.h"

namespace sallyport {

constexpr size_t kScenarios = 4;  // the three, and "none": ended before a site was known, or tcp

/// The index is the status' first digit; 0: ended without an answer.
constexpr size_t kStatusClasses = 6;
constexpr size_t status_class(uint16_t status) { return status < 600 ? status / 100 : 0; }
const char* status_class_name(size_t index);  // "none", "1xx" … "5xx"

inline constexpr std::array<Micros, 15> kRequestBounds = {
    Micros(1'000),      Micros(2'500),      Micros(5'000),     Micros(10'000),    Micros(25'000),
    Micros(50'000),     Micros(100'000),    Micros(250'000),   Micros(500'000),   Micros(1'000'000),
    Micros(2'500'000),  Micros(5'000'000),  Micros(10'000'000), Micros(30'000'000),
    Micros(60'000'000)};

/// Statuses that the proxy answers by itself; all others are counted together.
inline constexpr std::array<uint16_t, 15> kOwnStatuses = {308, 400, 403, 404, 405, 408, 413, 417,
                                                          421, 431, 500, 502, 503, 504, 505};

constexpr size_t kH1Faults = static_cast<size_t>(H1Fault::Count);

struct HttpMetrics {
  Count requests_refused[kH1Faults];   // by why a client's request was not read
  Count responses_refused[kH1Faults];  // by why a backend's response was not
  Count in_flight;                     // gauge: requests between their first byte and their end
  Count tunnels_open;                  // gauge
  // Those below are count()'s.
  Count requests[kScenarios][kStatusClasses];
  Count ends[kRequestEnds];
  Count own_responses[kOwnStatuses.size() + 1];
  Count tunnels;
  Count retries;
  Histogram<kRequestBounds> durations[kScenarios];  // without tunnels

  /// All that follows from the record of an exchange that has ended.
  void count(const RequestRecord& record);
};

}  // namespace sallyport
