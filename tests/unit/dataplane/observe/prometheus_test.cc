#include "dataplane/observe/prometheus.h"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "dataplane/observe/prometheus_traffic.h"
#include "dataplane/observe/prometheus_writer.h"

namespace sallyport {
namespace {

/// Reads the format as strictly as promtool does, and keeps the samples by name and labels.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    EXPECT_TRUE(!text.empty() && text.back() == '\n');
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      SCOPED_TRACE(line);
      if (line.rfind("# HELP ", 0) == 0) {
        read_help(line.substr(7));
      } else if (line.rfind("# TYPE ", 0) == 0) {
        read_type(line.substr(7));
      } else {
        read_sample(line);
      }
    }
    end_family();
  }

  /// -1 if there is none.
  double operator[](const std::string& sample) const {
    auto found = samples_.find(sample);
    return found == samples_.end() ? -1 : found->second;
  }
  size_t samples_of(const std::string& name) const {
    size_t count = 0;
    for (const auto& [sample, _] : samples_) count += sample.substr(0, sample.find('{')) == name;
    return count;
  }

 private:
  struct Buckets {
    std::vector<std::pair<std::string, double>> buckets;  // le and value, in order
    double sum = -1, count = -1;
  };

  void read_help(const std::string& rest) {
    end_family();
    family_ = rest.substr(0, rest.find(' '));
    EXPECT_GT(rest.size(), family_.size() + 1) << "no help";
    EXPECT_TRUE(families_.insert(family_).second) << "the family comes twice";
    EXPECT_EQ(family_.rfind("sallyport_", 0), 0u);
    for (char c : family_) EXPECT_TRUE(std::islower(c) || std::isdigit(c) || c == '_');
  }

  void read_type(const std::string& rest) {
    EXPECT_EQ(rest.substr(0, rest.find(' ')), family_) << "a type without help";
    EXPECT_TRUE(type_.empty());
    type_ = rest.substr(rest.find(' ') + 1);
    bool total = family_.size() > 6 && family_.substr(family_.size() - 6) == "_total";
    EXPECT_EQ(type_ == "counter", total);
    EXPECT_TRUE(type_ == "counter" || type_ == "gauge" || type_ == "histogram") << type_;
  }

  void read_sample(const std::string& line) {
    size_t end = line.find_first_of("{ ");
    ASSERT_NE(end, std::string::npos);
    std::string name = line.substr(0, end);
    std::string le, labels;
    if (line[end] == '{') {
      ASSERT_NO_FATAL_FAILURE(read_labels(line, end, labels, le));
    }
    ASSERT_EQ(line[end], ' ');
    size_t read = 0;
    std::string number = line.substr(end + 1);
    double value = std::stod(number, &read);
    EXPECT_EQ(read, number.size());
    EXPECT_TRUE(samples_.emplace(line.substr(0, end), value).second) << "the sample comes twice";
    if (type_ != "histogram") {
      EXPECT_EQ(name, family_) << "a sample outside of its family";
      EXPECT_EQ(le, "");
    } else if (name == family_ + "_bucket") {
      histograms_[labels].buckets.emplace_back(le, value);
    } else if (name == family_ + "_sum") {
      histograms_[labels].sum = value;
    } else {
      EXPECT_EQ(name, family_ + "_count");
      histograms_[labels].count = value;
    }
  }

  // From the brace on; `at` ends behind the other one.
  void read_labels(const std::string& line, size_t& at, std::string& labels, std::string& le) {
    std::set<std::string> keys;
    do {
      size_t equals = line.find("=\"", ++at);
      ASSERT_NE(equals, std::string::npos);
      std::string key = line.substr(at, equals - at);
      EXPECT_FALSE(key.empty());
      for (char c : key) EXPECT_TRUE(std::islower(c) || c == '_');
      EXPECT_TRUE(keys.insert(key).second) << "the label comes twice";
      std::string value;
      for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\') {
          ++at;
          EXPECT_TRUE(line[at] == '\\' || line[at] == '"' || line[at] == 'n');
        }
        value += line[at];
      }
      ++at;
      if (key == "le") {
        le = value;
      } else {
        labels += key + "=" + value + ",";
      }
    } while (line[at] == ',');
    ASSERT_EQ(line[at], '}');
    ++at;
  }

  void end_family() {
    EXPECT_EQ(type_.empty(), family_.empty()) << "help without a type: " << family_;
    for (const auto& [labels, histogram] : histograms_) {
      SCOPED_TRACE(family_ + "{" + labels + "}");
      double last_bound = -1, last = 0;
      ASSERT_GE(histogram.buckets.size(), 2u);
      for (const auto& [le, value] : histogram.buckets) {
        double bound = std::stod(le);  // reads "+Inf" too
        EXPECT_GT(bound, last_bound);
        EXPECT_GE(value, last);
        last_bound = bound;
        last = value;
      }
      EXPECT_EQ(histogram.buckets.back().first, "+Inf");
      EXPECT_EQ(histogram.count, last);
      EXPECT_GE(histogram.sum, 0);
    }
    histograms_.clear();
    type_.clear();
    family_.clear();
  }

  std::string family_, type_;
  std::set<std::string> families_;
  std::map<std::string, double> samples_;
  std::map<std::string, Buckets> histograms_;  // of the family
};

class PrometheusTest : public testing::Test {
 protected:
  std::string text() const { return prometheus_text({one_.get(), two_.get()}, process_, traffic_); }

  std::unique_ptr<WorkerMetrics> one_ = std::make_unique<WorkerMetrics>();
  std::unique_ptr<WorkerMetrics> two_ = std::make_unique<WorkerMetrics>();
  ProcessMetrics process_;
  TrafficSamples traffic_;
};

RequestRecord request(uint16_t status, uint16_t backend_status) {
  RequestRecord r;
  r.routed = true;
  r.scenario = Scenario::Reencrypt;
  r.status = status;
  r.backend_status = backend_status;
  r.request_head_bytes = 100;
  r.request_body_bytes = 10;
  r.response_head_bytes = 200;
  r.response_body_bytes = 20;
  r.backend_body_bytes = 21;
  r.connected = Micros(500);
  r.request_sent = Micros(1'000);
  r.response_head = Micros(11'000);
  r.duration = Micros(25'000);
  return r;
}

TEST_F(PrometheusTest, IsWellFormedWhenNothingHasHappened) {
  Exposition seen(text());
  EXPECT_EQ(seen["sallyport_connections_accepted_total"], 0);
  EXPECT_EQ(seen["sallyport_workers"], 2);
  EXPECT_EQ(seen["sallyport_http_requests_total{scenario=\"offload\",status=\"2xx\"}"], 0);
}

TEST_F(PrometheusTest, SumsOverWorkers) {
  one_->backend_idle.add(3);
  two_->backend_idle.add(4);
  one_->backend_reuses.add();
  two_->backend_opened.add(2);
  two_->backend_stale.add(5);
  one_->http.in_flight.add(2);
  two_->http.tunnels_open.add(6);
  one_->limit_reached[static_cast<size_t>(Limit::BodySize)].add(7);
  one_->ended[0][static_cast<size_t>(Reason::KeepAliveTimeout)].add(8);
  two_->http.requests_refused[static_cast<size_t>(H1Fault::BareLf)].add(9);
  two_->http.responses_refused[static_cast<size_t>(H1Fault::BadStatus)].add(10);
  Exposition seen(text());
  EXPECT_EQ(seen["sallyport_backend_connections_idle"], 7);
  EXPECT_EQ(seen["sallyport_backend_connections_reused_total"], 1);
  EXPECT_EQ(seen["sallyport_backend_connections_opened_total"], 2);
  EXPECT_EQ(seen["sallyport_backend_connections_stale_total"], 5);
  EXPECT_EQ(seen["sallyport_http_requests_in_flight"], 2);
  EXPECT_EQ(seen["sallyport_http_tunnels_open"], 6);
  EXPECT_EQ(seen["sallyport_limit_reached_total{limit=\"body_size\"}"], 7);
  EXPECT_EQ(seen["sallyport_connections_ended_total{scenario=\"offload\","
                 "reason=\"keep_alive_timeout\"}"], 8);
  EXPECT_EQ(seen["sallyport_http_requests_refused_total{fault=\"bare_lf\"}"], 9);
  EXPECT_EQ(seen["sallyport_http_responses_refused_total{fault=\"bad_status\"}"], 10);
}

TEST_F(PrometheusTest, CountsRequests) {
  one_->http.count(request(200, 200));
  two_->http.count(request(204, 204));
  one_->http.count(request(404, 404));
  RequestRecord r = request(502, 0);
  r.end = RequestEnd::BackendFailed;
  r.retried = true;
  one_->http.count(r);
  r = request(418, 0);  // none that the proxy is known to answer
  one_->http.count(r);
  r = RequestRecord();
  r.end = RequestEnd::ClientAborted;
  one_->http.count(r);
  r = request(101, 101);
  r.upgraded = true;
  r.end = RequestEnd::Tunnelled;
  one_->http.count(r);

  Exposition seen(text());
  auto requests = [&](const std::string& scenario, const std::string& status) {
    return seen["sallyport_http_requests_total{scenario=\"" + scenario + "\",status=\"" + status +
                "\"}"];
  };
  EXPECT_EQ(requests("reencrypt", "1xx"), 1);
  EXPECT_EQ(requests("reencrypt", "2xx"), 2);
  EXPECT_EQ(requests("reencrypt", "4xx"), 2);
  EXPECT_EQ(requests("reencrypt", "5xx"), 1);
  EXPECT_EQ(requests("none", "none"), 1);
  EXPECT_EQ(seen["sallyport_http_requests_ended_total{end=\"complete\"}"], 4);
  EXPECT_EQ(seen["sallyport_http_requests_ended_total{end=\"backend_failed\"}"], 1);
  EXPECT_EQ(seen["sallyport_http_requests_ended_total{end=\"client_aborted\"}"], 1);
  EXPECT_EQ(seen["sallyport_http_own_responses_total{status=\"502\"}"], 1);
  EXPECT_EQ(seen["sallyport_http_own_responses_total{status=\"other\"}"], 1);
  EXPECT_EQ(seen["sallyport_http_own_responses_total{status=\"404\"}"], 0);
  EXPECT_EQ(seen["sallyport_http_requests_retried_total"], 1);
  EXPECT_EQ(seen["sallyport_http_tunnels_total"], 1);
  std::string durations = "sallyport_http_request_duration_seconds";
  EXPECT_EQ(seen[durations + "_bucket{scenario=\"reencrypt\",le=\"0.01\"}"], 0);
  EXPECT_EQ(seen[durations + "_bucket{scenario=\"reencrypt\",le=\"0.025\"}"], 5);
  EXPECT_EQ(seen[durations + "_count{scenario=\"reencrypt\"}"], 5);
  EXPECT_DOUBLE_EQ(seen[durations + "_sum{scenario=\"reencrypt\"}"], 0.125);
}

TEST_F(PrometheusTest, PublishesRoutes) {
  RouteMetrics worker[2];
  worker[0].count(request(200, 200));
  worker[1].count(request(304, 304));
  RouteSample sample{"shop.example.com", "/cart", "shop", {}};
  for (const RouteMetrics& metrics : worker) sample.totals.add(metrics);
  traffic_.routes = {sample, {"shop.example.com", "/", "web", {}}};
  Exposition seen(text());
  std::string cart = "site=\"shop.example.com\",route=\"/cart\",service=\"shop\"";
  EXPECT_EQ(seen["sallyport_route_requests_total{" + cart + ",status=\"2xx\"}"], 1);
  EXPECT_EQ(seen["sallyport_route_requests_total{" + cart + ",status=\"3xx\"}"], 1);
  EXPECT_EQ(seen["sallyport_route_requests_total{" + cart + ",status=\"5xx\"}"], -1);
  EXPECT_EQ(seen["sallyport_route_requests_total{site=\"shop.example.com\",route=\"/\","
                 "service=\"web\",status=\"2xx\"}"], 0);
  EXPECT_EQ(seen["sallyport_route_bytes_total{" + cart + ",from=\"client\"}"], 220);
  EXPECT_EQ(seen["sallyport_route_bytes_total{" + cart + ",from=\"backend\"}"], 440);
  EXPECT_EQ(seen["sallyport_route_request_duration_seconds_bucket{" + cart + ",le=\"0.1\"}"], 2);
  EXPECT_EQ(seen["sallyport_route_request_duration_seconds_count{" + cart + "}"], 2);
}

TEST_F(PrometheusTest, PublishesTheHealthOfThoseThatAreChecked) {
  ServiceSample checked{"shop", {}}, other{"web", {}};
  checked.totals.checked = true;
  checked.totals.checks_passed = 5;
  checked.totals.checks_failed = 2;
  checked.totals.endpoints = {1, 3, 2};
  traffic_.services = {other};
  EXPECT_EQ(text().find("sallyport_service_endpoints"), std::string::npos);
  traffic_.services = {checked, other};
  Exposition seen(text());
  EXPECT_EQ(seen["sallyport_service_endpoints{service=\"shop\",health=\"unknown\"}"], 1);
  EXPECT_EQ(seen["sallyport_service_endpoints{service=\"shop\",health=\"healthy\"}"], 3);
  EXPECT_EQ(seen["sallyport_service_endpoints{service=\"shop\",health=\"unhealthy\"}"], 2);
  EXPECT_EQ(seen["sallyport_service_endpoints{service=\"web\",health=\"healthy\"}"], -1);
  EXPECT_EQ(seen["sallyport_service_health_checks_total{service=\"shop\",result=\"passed\"}"], 5);
  EXPECT_EQ(seen["sallyport_service_health_checks_total{service=\"shop\",result=\"failed\"}"], 2);
}

TEST_F(PrometheusTest, PublishesServices) {
  ServiceMetrics worker[2];
  worker[0].connects.add(3);
  worker[1].connect_failures.add(2);
  RequestRecord r = request(200, 200);
  r.reused_connection = r.retried = true;
  worker[0].count(r);
  worker[1].count(request(502, 0));
  ServiceSample sample{"shop", {}};
  for (const ServiceMetrics& metrics : worker) sample.totals.add(metrics);
  traffic_.services = {sample};
  Exposition seen(text());
  EXPECT_EQ(seen["sallyport_service_connects_total{service=\"shop\"}"], 3);
  EXPECT_EQ(seen["sallyport_service_connect_failures_total{service=\"shop\"}"], 2);
  EXPECT_EQ(seen["sallyport_service_reuses_total{service=\"shop\"}"], 1);
  EXPECT_EQ(seen["sallyport_service_retries_total{service=\"shop\"}"], 1);
  EXPECT_EQ(seen["sallyport_service_requests_total{service=\"shop\",status=\"2xx\"}"], 1);
  EXPECT_EQ(seen["sallyport_service_requests_total{service=\"shop\",status=\"none\"}"], 1);
  EXPECT_EQ(seen["sallyport_service_bytes_total{service=\"shop\",from=\"client\"}"], 20);
  EXPECT_EQ(seen["sallyport_service_bytes_total{service=\"shop\",from=\"backend\"}"], 42);
  EXPECT_EQ(seen["sallyport_service_response_time_seconds_bucket{service=\"shop\",le=\"0.01\"}"],
            2);
}

TEST_F(PrometheusTest, AddsUpEqualNames) {
  RouteMetrics metrics;
  metrics.count(request(200, 200));
  RouteSample sample{"a", "/", "s", {}};
  sample.totals.add(metrics);
  traffic_.routes = {sample, {"b", "/", "s", {}}, sample};
  Exposition seen(text());
  EXPECT_EQ(seen["sallyport_route_requests_total{site=\"a\",route=\"/\",service=\"s\","
                 "status=\"2xx\"}"], 2);
}

TEST_F(PrometheusTest, HasABoundedNumberOfSamples) {
  RouteMetrics metrics;
  metrics.count(request(200, 200));
  for (int i = 0; i < 3000; ++i) {
    RouteSample route{"site" + std::to_string(i), "/", "s", {}};
    route.totals.add(metrics);
    traffic_.routes.push_back(route);
    ServiceSample service{"service" + std::to_string(i), {}};
    service.totals.connects = 1;
    traffic_.services.push_back(service);
  }
  traffic_.routes.push_back(traffic_.routes[999]);
  traffic_.services[5].service = "other";  // somebody's real name
  Exposition seen(text());
  EXPECT_EQ(seen.samples_of("sallyport_route_requests_total"), kSamplesMost + 1);
  EXPECT_EQ(seen["sallyport_route_requests_total{site=\"site999\",route=\"/\",service=\"s\","
                 "status=\"2xx\"}"], 2);
  EXPECT_EQ(seen["sallyport_route_requests_total{site=\"other\",route=\"other\","
                 "service=\"other\",status=\"2xx\"}"], 2000);
  EXPECT_EQ(seen.samples_of("sallyport_service_connects_total"), kSamplesMost);
  EXPECT_EQ(seen["sallyport_service_connects_total{service=\"other\"}"], 2001);
}

TEST_F(PrometheusTest, TellsHandshakesApart) {
  auto required = static_cast<size_t>(ClientPolicy::Required);
  one_->tls.with_clients[required][1][1].add();
  two_->tls.with_clients[required][1][1].add();
  two_->tls.with_backends[0][0].add(3);
  one_->tls.failed(ClientPolicy::Required, HandshakeError::CertificateExpired);
  one_->tls.failed(ClientPolicy::None, HandshakeError::UnknownSni);
  two_->tls.backend_failed(HandshakeError::Timeout);
  one_->tls.client_certificates[4].add();
  Exposition seen(text());
  const std::string done = "sallyport_tls_handshakes_total", failed =
      "sallyport_tls_handshake_failures_total";
  EXPECT_EQ(seen[done + "{side=\"client\",version=\"TLSv1.3\",resumed=\"true\","
                 "client_auth=\"required\"}"], 2);
  EXPECT_EQ(seen[done + "{side=\"client\",version=\"TLSv1.2\",resumed=\"false\","
                 "client_auth=\"off\"}"], 0);
  EXPECT_EQ(seen[done + "{side=\"backend\",version=\"TLSv1.2\",resumed=\"false\"}"], 3);
  EXPECT_EQ(seen[failed + "{side=\"client\",reason=\"certificate_expired\","
                 "client_auth=\"required\"}"], 1);
  EXPECT_EQ(seen[failed + "{side=\"client\",reason=\"unknown_sni\",client_auth=\"none\"}"], 1);
  EXPECT_EQ(seen[failed + "{side=\"backend\",reason=\"timeout\"}"], 1);
  EXPECT_EQ(seen["sallyport_client_certificates_total{verdict=\"not_yet_valid\"}"], 1);
}

TEST_F(PrometheusTest, SaysWhatExpiresWhen) {
  process_.expiries.certificates = {{"bank", 1'800'000'000}, {"old", -1}};
  process_.expiries.revocation_lists = {{"partners", 1'700'000'000}};
  process_.expiries.certificates_in_use = 2;
  process_.ticket_keys = {3, 60};
  Exposition seen(text());
  EXPECT_EQ(seen["sallyport_certificate_expiry_timestamp_seconds{secret=\"bank\"}"],
            1'800'000'000);
  EXPECT_EQ(seen["sallyport_certificate_expiry_timestamp_seconds{secret=\"old\"}"], 0);
  EXPECT_EQ(seen["sallyport_crl_expiry_timestamp_seconds{secret=\"partners\"}"], 1'700'000'000);
  EXPECT_EQ(seen["sallyport_certificates"], 2);
  EXPECT_EQ(seen["sallyport_ticket_keys"], 3);
  EXPECT_EQ(seen["sallyport_ticket_key_age_seconds"], 60);
}

TEST_F(PrometheusTest, EscapesLabels) {
  EXPECT_EQ(prometheus_label("a", "\\ \" \n é"), "a=\"\\\\ \\\" \\n é\"");
  process_.version = "1\"2";
  traffic_.routes = {{"a", "/\"\\\n", "s", {}}};
  traffic_.services = {{"a\",b=\"c", {}}};
  Exposition seen(text());
  EXPECT_EQ(seen["sallyport_build_info{version=\"1\\\"2\"}"], 1);
}

TEST(Histogram, PutsATimeWhereItBelongs) {
  Histogram<kRouteBounds> histogram;
  for (int64_t micros : {-5, 0, 10'000, 10'001, 10'000'000, 10'000'001}) {
    histogram.add(Micros(micros));
  }
  EXPECT_EQ(histogram.bucket(0), 3u);
  EXPECT_EQ(histogram.bucket(1), 1u);
  EXPECT_EQ(histogram.bucket(2), 0u);
  EXPECT_EQ(histogram.bucket(3), 1u);
  EXPECT_EQ(histogram.bucket(4), 1u);
  EXPECT_EQ(histogram.sum_micros(), 20'020'002u);
}

}  // namespace
}  // namespace sallyport
