// Everything that is counted, for Prometheus.
#pragma once

#include <string>
#include <vector>

#include "dataplane/observe/metrics.h"
#include "dataplane/observe/route_metrics.h"

namespace sallyport {

/// Prometheus' text format, version 0.0.4: the sums over `workers`, and what prometheus_traffic.h
/// says of routes and services.
std::string prometheus_text(const std::vector<const WorkerMetrics*>& workers,
                            const ProcessMetrics& process, const TrafficSamples& traffic);

}  // namespace sallyport
