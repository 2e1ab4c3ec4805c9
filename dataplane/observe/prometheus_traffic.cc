#include "dataplane/observe/prometheus_traffic.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sallyport {

namespace {

std::string label(std::string_view key, std::string_view value) {
  return prometheus_label(key, value);
}

template <class Totals>
struct Labelled {
  std::string labels;
  Totals totals;
};

// No sample twice, as the format demands, and not too many: whoever writes the configuration
// should not be able to fill Prometheus' memory.
template <class Totals>
class Bounded {
 public:
  explicit Bounded(std::string labels_of_other) : labels_of_other_(std::move(labels_of_other)) {}

  void add(std::string labels, const Totals& totals) {
    auto found = index_.find(labels);
    if (found == index_.end()) {
      if (all_.size() >= kSamplesMost) labels = labels_of_other_;
      found = index_.try_emplace(labels, all_.size()).first;
      if (found->second == all_.size()) all_.push_back({std::move(labels), {}});
    }
    all_[found->second].totals.add(totals);
  }
  const std::vector<Labelled<Totals>>& all() const { return all_; }

 private:
  std::string labels_of_other_;
  std::unordered_map<std::string, size_t> index_;  // by labels
  std::vector<Labelled<Totals>> all_;
};

// Most classes stay empty; the usual one is always there, so that rates have a start.
void write_classes(PrometheusWriter& out, const std::string& labels,
                   const std::array<uint64_t, kStatusClasses>& requests) {
  for (size_t c = 0; c < kStatusClasses; ++c) {
    if (requests[c] == 0 && c != 2) continue;
    out.value(labels + "," + label("status", status_class_name(c)), requests[c]);
  }
}

void write_routes(PrometheusWriter& out, const std::vector<RouteSample>& samples) {
  auto labels = [](std::string_view site, std::string_view route, std::string_view service) {
    return label("site", site) + "," + label("route", route) + "," + label("service", service);
  };
  Bounded<RouteTotals> bounded(labels("other", "other", "other"));
  for (const RouteSample& s : samples) bounded.add(labels(s.site, s.route, s.service), s.totals);

  out.family("sallyport_route_requests_total", "counter",
             "HTTP requests ended, by route and by the class of the status answered.");
  for (const auto& r : bounded.all()) write_classes(out, r.labels, r.totals.requests);
  out.family("sallyport_route_bytes_total", "counter",
             "Bytes of HTTP messages, by route and by the side they came from.");
  for (const auto& r : bounded.all()) {
    out.value(r.labels + "," + label("from", "client"), r.totals.bytes_from_client);
    out.value(r.labels + "," + label("from", "backend"), r.totals.bytes_to_client);
  }
  out.family("sallyport_route_request_duration_seconds", "histogram",
             "From a request's first byte to its end, without tunnels, by route.");
  for (const auto& r : bounded.all()) out.histogram(r.labels, r.totals.durations);
}

void write_health(PrometheusWriter& out, const std::vector<Labelled<ServiceTotals>>& services) {
  auto is_checked = [](const auto& s) { return s.totals.checked; };
  if (std::ranges::none_of(services, is_checked)) return;
  static constexpr const char* kStates[] = {"unknown", "healthy", "unhealthy"};
  out.family("sallyport_service_endpoints", "gauge",
             "Endpoints, by service and by what their health checks came to.");
  for (const auto& s : services) {
    for (size_t i = 0; s.totals.checked && i < s.totals.endpoints.size(); ++i) {
      out.value(s.labels + "," + label("health", kStates[i]), s.totals.endpoints[i]);
    }
  }
  out.family("sallyport_service_health_checks_total", "counter",
             "Health checks of endpoints, by service and result.");
  for (const auto& s : services) {
    if (!s.totals.checked) continue;
    out.value(s.labels + "," + label("result", "passed"), s.totals.checks_passed);
    out.value(s.labels + "," + label("result", "failed"), s.totals.checks_failed);
  }
}

void write_services(PrometheusWriter& out, const std::vector<ServiceSample>& samples) {
  Bounded<ServiceTotals> bounded(label("service", "other"));
  for (const ServiceSample& s : samples) bounded.add(label("service", s.service), s.totals);
  auto counter = [&](const char* name, const char* help, uint64_t ServiceTotals::*number) {
    out.family(name, "counter", help);
    for (const auto& s : bounded.all()) out.value(s.labels, s.totals.*number);
  };
  counter("sallyport_service_connects_total", "Attempts to connect, by service.",
          &ServiceTotals::connects);
  counter("sallyport_service_connect_failures_total",
          "Attempts to connect that failed, by service.",
          &ServiceTotals::connect_failures);
  counter("sallyport_service_reuses_total", "HTTP requests on kept connections, by service.",
          &ServiceTotals::reuses);
  counter("sallyport_service_retries_total", "HTTP requests sent once more, by service.",
          &ServiceTotals::retries);
  out.family("sallyport_service_requests_total", "counter",
             "HTTP requests ended, by service and by the class of the backend's status.");
  for (const auto& s : bounded.all()) write_classes(out, s.labels, s.totals.requests);
  out.family("sallyport_service_bytes_total", "counter",
             "Bytes of HTTP bodies, by service and by the side they came from.");
  for (const auto& s : bounded.all()) {
    out.value(s.labels + "," + label("from", "client"), s.totals.bytes_to_backend);
    out.value(s.labels + "," + label("from", "backend"), s.totals.bytes_from_backend);
  }
  out.family("sallyport_service_response_time_seconds", "histogram",
             "From a request sent to the head of its response, by service.");
  for (const auto& s : bounded.all()) out.histogram(s.labels, s.totals.response_times);
  write_health(out, bounded.all());
}

}  // namespace

void write_traffic(PrometheusWriter& out, const TrafficSamples& samples) {
  write_routes(out, samples.routes);
  write_services(out, samples.services);
}

}  // namespace sallyport
