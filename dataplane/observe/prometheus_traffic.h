// What is published of routes and services.
#pragma once

#include <cstddef>

#include "dataplane/observe/prometheus_writer.h"
#include "dataplane/observe/route_metrics.h"

namespace sallyport {

/// At most so many routes, and so many services, have samples of their own. All that come after
/// them are summed under "other".
constexpr size_t kSamplesMost = 1000;

/// Their families; samples with equal names are added up.
void write_traffic(PrometheusWriter& out, const TrafficSamples& samples);

}  // namespace sallyport
