#include "dataplane/observe/route_metrics.h"

namespace sallyport {

void RouteMetrics::count(const RequestRecord& r) {
  requests[status_class(r.status)].add();
  bytes_from_client.add(r.request_head_bytes + r.request_body_bytes);
  bytes_to_client.add(r.response_head_bytes + r.response_body_bytes);
  if (!r.upgraded) durations.add(r.duration);
}

void ServiceMetrics::count(const RequestRecord& r) {
  requests[status_class(r.backend_status)].add();
  if (r.connected >= Micros(0)) bytes_to_backend.add(r.request_body_bytes);
  bytes_from_backend.add(r.backend_body_bytes);
  if (r.reused_connection) reuses.add();
  if (r.retried) retries.add();
  if (r.response_head < Micros(0)) return;
  // A backend may answer before it has the whole request: at once, then.
  bool early = r.request_sent < Micros(0) || r.request_sent > r.response_head;
  response_times.add(early ? Micros(0) : r.response_head - r.request_sent);
}

void RouteTotals::add(const RouteMetrics& m) {
  for (size_t i = 0; i < requests.size(); ++i) requests[i] += m.requests[i].value();
  bytes_from_client += m.bytes_from_client.value();
  bytes_to_client += m.bytes_to_client.value();
  durations.add(m.durations);
}

void RouteTotals::add(const RouteTotals& other) {
  for (size_t i = 0; i < requests.size(); ++i) requests[i] += other.requests[i];
  bytes_from_client += other.bytes_from_client;
  bytes_to_client += other.bytes_to_client;
  durations.add(other.durations);
}

void ServiceTotals::add(const ServiceMetrics& m) {
  connects += m.connects.value();
  connect_failures += m.connect_failures.value();
  for (size_t i = 0; i < requests.size(); ++i) requests[i] += m.requests[i].value();
  bytes_to_backend += m.bytes_to_backend.value();
  bytes_from_backend += m.bytes_from_backend.value();
  reuses += m.reuses.value();
  retries += m.retries.value();
  response_times.add(m.response_times);
}

void ServiceTotals::add(const ServiceTotals& other) {
  connects += other.connects;
  connect_failures += other.connect_failures;
  for (size_t i = 0; i < requests.size(); ++i) requests[i] += other.requests[i];
  bytes_to_backend += other.bytes_to_backend;
  bytes_from_backend += other.bytes_from_backend;
  reuses += other.reuses;
  retries += other.retries;
  response_times.add(other.response_times);
  checked = checked || other.checked;
  checks_passed += other.checks_passed;
  checks_failed += other.checks_failed;
  for (size_t i = 0; i < endpoints.size(); ++i) endpoints[i] += other.endpoints[i];
}

}  // namespace sallyport
