// Counters of one route and of one service, and what is published of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/observe/http_metrics.h"

namespace sallyport {

/// Fewer than for all requests together: they are there for each route.
inline constexpr std::array<Micros, 4> kRouteBounds = {Micros(10'000), Micros(100'000),
                                                       Micros(1'000'000), Micros(10'000'000)};

/// One worker's of one route; a route that stays over a change of the configuration keeps them.
struct RouteMetrics {
  Count requests[kStatusClasses];  // by the status that the client got
  Count bytes_from_client;         // heads and bodies
  Count bytes_to_client;
  Histogram<kRouteBounds> durations;  // without tunnels

  /// REQUIRES: the request was meant for this route.
  void count(const RequestRecord& record);
};

/// One worker's of one service. Who connects, counts that; the rest is count()'s.
struct ServiceMetrics {
  Count connects;                  // attempts
  Count connect_failures;          // TLS included
  Count requests[kStatusClasses];  // by the status that the backend gave; 0: none
  Count bytes_to_backend;          // bodies
  Count bytes_from_backend;
  Count reuses;                    // requests on a connection that was kept
  Count retries;
  Histogram<kRouteBounds> response_times;  // the request sent to the response's head

  /// REQUIRES: the request was meant for this service.
  void count(const RequestRecord& record);
};

/// Sums over workers, taken while they count on.
struct RouteTotals {
  std::array<uint64_t, kStatusClasses> requests{};
  uint64_t bytes_from_client = 0, bytes_to_client = 0;
  HistogramTotals<kRouteBounds> durations;

  void add(const RouteMetrics& metrics);
  void add(const RouteTotals& other);
};

struct ServiceTotals {
  uint64_t connects = 0, connect_failures = 0;
  std::array<uint64_t, kStatusClasses> requests{};
  uint64_t bytes_to_backend = 0, bytes_from_backend = 0;
  uint64_t reuses = 0, retries = 0;
  HistogramTotals<kRouteBounds> response_times;
  bool checked = false;  // endpoints are asked how they are
  uint64_t checks_passed = 0, checks_failed = 0;
  std::array<uint64_t, 3> endpoints{};  // unknown, healthy, unhealthy

  void add(const ServiceMetrics& metrics);
  void add(const ServiceTotals& other);
};

struct RouteSample {
  std::string site, route, service;  // the site's first host, the path as configured
  RouteTotals totals;
};

struct ServiceSample {
  std::string service;
  ServiceTotals totals;
};

/// Of the configuration in use, in its order.
struct TrafficSamples {
  std::vector<RouteSample> routes;
  std::vector<ServiceSample> services;
};

}  // namespace sallyport
