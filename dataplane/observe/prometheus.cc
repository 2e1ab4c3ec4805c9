#include "dataplane/observe/prometheus.h"

#include <algorithm>
#include <string_view>

#include "dataplane/observe/prometheus_traffic.h"
#include "dataplane/observe/prometheus_writer.h"

namespace sallyport {

namespace {

constexpr const char* kScenarioNames[kScenarios] = {"offload", "passthrough", "reencrypt", "none"};
constexpr const char* kVersionNames[2] = {"TLSv1.2", "TLSv1.3"};

// The sums over all workers.
class Writer : public PrometheusWriter {
 public:
  explicit Writer(const std::vector<const WorkerMetrics*>& workers) : workers_(workers) {}

  template <class F>
  uint64_t sum(F&& pick) const {
    uint64_t total = 0;
    for (const WorkerMetrics* w : workers_) total += pick(*w).value();
    return total;
  }
  template <class F>
  void single(const char* name, const char* type, const char* help, F&& pick) {
    family(name, type, help);
    value("", sum(pick));
  }
  const std::vector<const WorkerMetrics*>& workers() const { return workers_; }

 private:
  const std::vector<const WorkerMetrics*>& workers_;
};

std::string label(std::string_view key, std::string_view value) {
  return prometheus_label(key, value);
}

using W = const WorkerMetrics&;

void write_connections(Writer& out) {
  out.single("sallyport_connections_accepted_total", "counter", "Client connections accepted.",
             [](W w) -> auto& { return w.accepted; });
  out.single("sallyport_connections_open", "gauge", "Client connections open now.",
             [](W w) -> auto& { return w.open; });

  out.family("sallyport_connections_ended_total", "counter",
             "Client connections ended, by scenario and by how they ended.");
  for (size_t s = 0; s < kScenarios; ++s) {
    for (size_t r = 0; r < kReasons; ++r) {
      uint64_t n = out.sum([&](W w) -> auto& { return w.ended[s][r]; });
      // Most pairs cannot happen; the usual end is always there, so that rates have a start.
      if (n == 0 && r != 0) continue;
      out.value(label("scenario", kScenarioNames[s]) + "," +
                    label("reason", name(static_cast<Reason>(r))), n);
    }
  }
  out.family("sallyport_bytes_total", "counter",
             "Payload bytes relayed, by scenario and by the side they came from.");
  for (size_t s = 0; s < kScenarios; ++s) {
    std::string scenario = label("scenario", kScenarioNames[s]) + ",";
    out.value(scenario + label("from", "client"),
              out.sum([&](W w) -> auto& { return w.bytes_from_client[s]; }));
    out.value(scenario + label("from", "backend"),
              out.sum([&](W w) -> auto& { return w.bytes_from_backend[s]; }));
  }
}

void write_limits(Writer& out) {
  out.family("sallyport_limit_reached_total", "counter",
             "Times a limit of the configuration was reached, by its key.");
  for (size_t l = 0; l < kLimits; ++l) {
    out.value(label("limit", name(static_cast<Limit>(l))),
              out.sum([&](W w) -> auto& { return w.limit_reached[l]; }));
  }
  out.single("sallyport_accept_backoffs_total", "counter",
             "Times accepting paused because descriptors or memory had run out.",
             [](W w) -> auto& { return w.accept_backoffs; });
}

void write_tls(Writer& out) {
  out.family("sallyport_tls_handshakes_total", "counter",
             "TLS handshakes completed; those with clients by what the site asks of certificates.");
  for (size_t version = 0; version < 2; ++version) {
    for (size_t resumed = 0; resumed < 2; ++resumed) {
      std::string how = label("version", kVersionNames[version]) + "," +
                        label("resumed", resumed ? "true" : "false");
      for (size_t p = 1; p < kClientPolicies; ++p) {
        out.value(label("side", "client") + "," + how + "," +
                      label("client_auth", name(static_cast<ClientPolicy>(p))),
                  out.sum([&](W w) -> auto& { return w.tls.with_clients[p][version][resumed]; }));
      }
      out.value(label("side", "backend") + "," + how,
                out.sum([&](W w) -> auto& { return w.tls.with_backends[version][resumed]; }));
    }
  }
  out.family("sallyport_tls_handshake_failures_total", "counter",
             "TLS handshakes failed, by why; those with clients by what the site asks of "
             "certificates.");
  for (size_t e = 0; e < kHandshakeErrors; ++e) {
    std::string reason = label("reason", name(static_cast<HandshakeError>(e)));
    for (size_t p = 0; p < kClientPolicies; ++p) {
      uint64_t n = out.sum([&](W w) -> auto& { return w.tls.client_errors[p][e]; });
      // Most pairs cannot happen.
      if (n == 0 && p != 0) continue;
      out.value(label("side", "client") + "," + reason + "," +
                    label("client_auth", name(static_cast<ClientPolicy>(p))), n);
    }
    out.value(label("side", "backend") + "," + reason,
              out.sum([&](W w) -> auto& { return w.tls.backend_errors[e]; }));
  }
  out.family("sallyport_client_certificates_total", "counter",
             "Handshakes in which a site asked for a certificate, by what came of it.");
  for (size_t v = 0; v < kClientVerdicts; ++v) {
    out.value(label("verdict", client_verdict_name(v)),
              out.sum([&](W w) -> auto& { return w.tls.client_certificates[v]; }));
  }
}

void write_kernel_tls(Writer& out) {
  constexpr const char* kSides[] = {"client", "backend"};
  constexpr const char* kHas[] = {"none", "receive", "send", "both"};
  out.family("sallyport_kernel_tls_connections_total", "counter",
             "Connections whose TLS was offered to the kernel, by what it has of them, and why it "
             "has no more.");
  for (size_t side = 0; side < 2; ++side) {
    for (size_t has = 0; has < 4; ++has) {
      for (size_t fault = 0; fault < kKernelTlsFaults; ++fault) {
        uint64_t n =
            out.sum([&](W w) -> auto& { return w.kernel_tls[side].connections[has][fault]; });
        // Most cannot happen; one is always there, so that rates have a start.
        if (n == 0 && !(has == 3 && fault == 0)) continue;
        out.value(label("side", kSides[side]) + "," + label("kernel", kHas[has]) + "," +
                      label("reason", name(static_cast<KernelTlsFault>(fault))), n);
      }
    }
  }
  out.family("sallyport_kernel_tls_key_updates_total", "counter",
             "Connections that were ended because the peer asked for new keys, which the kernel "
             "cannot change.");
  for (size_t side = 0; side < 2; ++side) {
    out.value(label("side", kSides[side]),
              out.sum([&](W w) -> auto& { return w.kernel_tls[side].key_updates; }));
  }
}

void write_backends(Writer& out) {
  out.single("sallyport_backend_connects_total", "counter", "Attempts to connect to an endpoint.",
             [](W w) -> auto& { return w.connects; });
  out.single("sallyport_backend_connect_failures_total", "counter",
             "Attempts to connect to an endpoint that failed.",
             [](W w) -> auto& { return w.connect_failures; });
  out.single("sallyport_backend_connections_opened_total", "counter",
             "Connections to endpoints made for HTTP requests.",
             [](W w) -> auto& { return w.backend_opened; });
  out.single("sallyport_backend_connections_reused_total", "counter",
             "HTTP requests sent on a connection that had been kept.",
             [](W w) -> auto& { return w.backend_reuses; });
  out.single("sallyport_backend_connections_stale_total", "counter",
             "Kept connections that turned out to be dead when they were used again.",
             [](W w) -> auto& { return w.backend_stale; });
  out.single("sallyport_backend_connections_idle", "gauge",
             "Connections to endpoints kept for the next HTTP request.",
             [](W w) -> auto& { return w.backend_idle; });
  out.single("sallyport_pipes", "gauge", "Kernel pipes held for splicing.",
             [](W w) -> auto& { return w.pipes; });
  out.single("sallyport_spliced_bytes_total", "counter", "Bytes relayed inside the kernel.",
             [](W w) -> auto& { return w.spliced_bytes; });
  out.single("sallyport_log_lines_dropped_total", "counter",
             "Access lines lost because the log could not be written fast enough.",
             [](W w) -> auto& { return w.log_lines_dropped; });
}

void write_faults(Writer& out, const char* name_of_family, const char* help,
                  const Count (HttpMetrics::*counts)[kH1Faults]) {
  out.family(name_of_family, "counter", help);
  for (size_t f = 1; f < kH1Faults; ++f) {
    out.value(label("fault", name(static_cast<H1Fault>(f))),
              out.sum([&](W w) -> auto& { return (w.http.*counts)[f]; }));
  }
}

void write_requests(Writer& out) {
  out.family("sallyport_http_requests_total", "counter",
             "HTTP requests ended, by scenario and by the class of the status answered.");
  for (size_t s = 0; s < kScenarios; ++s) {
    for (size_t c = 0; c < kStatusClasses; ++c) {
      out.value(label("scenario", kScenarioNames[s]) + "," + label("status", status_class_name(c)),
                out.sum([&](W w) -> auto& { return w.http.requests[s][c]; }));
    }
  }
  out.family("sallyport_http_requests_ended_total", "counter",
             "HTTP requests ended, by how they ended.");
  for (size_t e = 0; e < kRequestEnds; ++e) {
    out.value(label("end", name(static_cast<RequestEnd>(e))),
              out.sum([&](W w) -> auto& { return w.http.ends[e]; }));
  }
  out.family("sallyport_http_own_responses_total", "counter",
             "HTTP requests that the proxy answered by itself, by status.");
  for (size_t s = 0; s <= kOwnStatuses.size(); ++s) {
    out.value(label("status", s < kOwnStatuses.size() ? std::to_string(kOwnStatuses[s]) : "other"),
              out.sum([&](W w) -> auto& { return w.http.own_responses[s]; }));
  }
}

void write_http(Writer& out) {
  write_requests(out);
  write_faults(out, "sallyport_http_requests_refused_total",
               "HTTP requests refused because they cannot be read in one way only, by why.",
               &HttpMetrics::requests_refused);
  write_faults(out, "sallyport_http_responses_refused_total",
               "Responses of backends refused because they cannot be read in one way only, by why.",
               &HttpMetrics::responses_refused);
  out.single("sallyport_http_requests_in_flight", "gauge", "HTTP requests that have begun.",
             [](W w) -> auto& { return w.http.in_flight; });
  out.single("sallyport_http_requests_retried_total", "counter",
             "HTTP requests sent once more because a kept connection was dead.",
             [](W w) -> auto& { return w.http.retries; });
  out.single("sallyport_http_tunnels_total", "counter", "Tunnels ended that began with an upgrade.",
             [](W w) -> auto& { return w.http.tunnels; });
  out.single("sallyport_http_tunnels_open", "gauge", "Tunnels that began with an upgrade.",
             [](W w) -> auto& { return w.http.tunnels_open; });
  out.family("sallyport_http_request_duration_seconds", "histogram",
             "From a request's first byte to its end, without tunnels, by scenario.");
  for (size_t s = 0; s < kScenarios; ++s) {
    HistogramTotals<kRequestBounds> totals;
    for (const WorkerMetrics* w : out.workers()) totals.add(w->http.durations[s]);
    out.histogram(label("scenario", kScenarioNames[s]), totals);
  }
}

void write_process(Writer& out, const ProcessMetrics& p, size_t workers) {
  out.family("sallyport_build_info", "gauge", "Always 1; the version is in the label.");
  out.value(label("version", p.version), 1);
  out.family("sallyport_workers", "gauge", "Worker threads.");
  out.value("", workers);
  out.family("sallyport_config_reloads_total", "counter", "Configurations offered, by result.");
  out.value(label("result", "applied"), p.reloads_applied);
  out.value(label("result", "refused"), p.reloads_refused);
  out.family("sallyport_config_files_read_total", "counter", "Times the file was read.");
  out.value("", p.files_read);
  out.family("sallyport_secrets_read_total", "counter", "Secrets read from their files.");
  out.value("", p.secrets_read);
  out.family("sallyport_config_built_total", "counter",
             "What was made anew for a configuration, by kind.");
  out.value(label("kind", "site"), p.sites_built);
  out.value(label("kind", "service"), p.services_built);
  out.value(label("kind", "context"), p.contexts_built);
  out.value(label("kind", "certificate"), p.certificates_parsed);
  out.family("sallyport_certificates_unchecked", "gauge",
             "Certificates in use of which not everything has been checked yet.");
  out.value("", p.certificates_unchecked);
  out.family("sallyport_certificates_bad_total", "counter",
             "Certificates in use that turned out to be bad: handshakes of their sites fail.");
  out.value("", p.certificates_bad);
  out.family("sallyport_config_last_reload_successful", "gauge",
             "1 if the configuration offered last is in use, 0 if it was refused.");
  out.value("", p.last_reload_ok ? 1 : 0);
  out.family("sallyport_config_last_reload_timestamp_seconds", "gauge",
             "When the configuration in use was applied.");
  out.value("", static_cast<uint64_t>(p.last_reload_at));
  out.family("sallyport_resolver_failures_total", "counter",
             "Look-ups of endpoint names that failed; the old addresses stayed in use.");
  out.value("", p.resolver_failures);
  out.family("sallyport_config_objects", "gauge", "Objects of the configuration in use.");
  out.value(label("kind", "listener"), p.listeners);
  out.value(label("kind", "site"), p.sites);
  out.value(label("kind", "service"), p.services);
  out.family("sallyport_draining", "gauge", "1 while the process drains.");
  out.value("", p.draining ? 1 : 0);
}

void write_staples(Writer& out, const StapleMetrics& m) {
  out.family("sallyport_ocsp_answers_total", "counter",
             "Questions to OCSP responders, by what came of them.");
  for (const auto& [result, n] : m.answers) out.value(label("result", result), n);
  out.family("sallyport_ocsp_staple_valid", "gauge",
             "1 where a staple is shown with the secret's certificate, 0 where there is none.");
  for (const auto& s : m.staples) out.value(label("secret", s.secret), s.valid ? 1 : 0);
  out.family("sallyport_ocsp_staple_age_seconds", "gauge",
             "Since the responder knew what the staple says.");
  for (const auto& s : m.staples) {
    if (s.valid) out.value(label("secret", s.secret), s.age_seconds);
  }
}

void write_expiries(Writer& out, const ExpiryMetrics& m) {
  auto times = [&](const std::vector<ExpiryMetrics::Expiry>& all) {
    for (const auto& e : all) {
      out.value(label("secret", e.secret), static_cast<uint64_t>(std::max<int64_t>(e.at, 0)));
    }
  };
  out.family("sallyport_certificate_expiry_timestamp_seconds", "gauge",
             "When the certificate of a secret in use expires; of very many, the first ones.");
  times(m.certificates);
  out.family("sallyport_crl_expiry_timestamp_seconds", "gauge",
             "When the first revocation list of a secret in use expires, and with it trust in "
             "those whom it is about.");
  times(m.revocation_lists);
  out.family("sallyport_certificates", "gauge", "Secrets whose certificates are in use.");
  out.value("", m.certificates_in_use);
}

void write_ticket_keys(Writer& out, const TicketKeyMetrics& m) {
  out.family("sallyport_ticket_keys", "gauge", "Secrets that session tickets can be opened with.");
  out.value("", m.keys);
  out.family("sallyport_ticket_key_age_seconds", "gauge",
             "Since the secret for new session tickets came into use here.");
  out.value("", m.newest_age_seconds);
}

}  // namespace

std::string prometheus_text(const std::vector<const WorkerMetrics*>& workers,
                            const ProcessMetrics& process, const TrafficSamples& traffic) {
  Writer out(workers);
  write_connections(out);
  write_limits(out);
  write_tls(out);
  write_kernel_tls(out);
  write_backends(out);
  write_http(out);
  write_traffic(out, traffic);
  write_process(out, process, workers.size());
  write_staples(out, process.staples);
  write_expiries(out, process.expiries);
  write_ticket_keys(out, process.ticket_keys);
  return out.take();
}

}  // namespace sallyport
