// Everything that is counted, for Prometheus.
#pragma once

#include <string>
#include <vector>

#include "dataplane/observe/metrics.h"
#include "dataplane/observe/route_metrics.h"

namespace sallyport {

/// At most so many routes, and so many services, have samples of their own. All that come after
/// them are summed under "other".
constexpr size_t kSamplesMost = 1000;

/// Prometheus' text format, version 0.0.4: the sums over `workers`, and the samples of routes and
/// services, those with equal names added up.
std::string prometheus_text(const std::vector<const WorkerMetrics*>& workers,
                            const ProcessMetrics& process, const TrafficSamples& traffic);

}  // namespace sallyport
