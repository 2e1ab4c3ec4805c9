#include "dataplane/observe/metrics.h"

#include <string_view>

namespace sallyport {

namespace {

constexpr const char* kScenarioNames[kScenarios] = {"offload", "passthrough", "reencrypt", "none"};
constexpr const char* kSideNames[kSides] = {"client", "backend"};
constexpr const char* kVersionNames[2] = {"TLSv1.2", "TLSv1.3"};

class Writer {
 public:
  explicit Writer(const std::vector<const WorkerMetrics*>& workers) : workers_(workers) {}

  void family(const char* name, const char* type, const char* help) {
    name_ = name;
    out_ += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  }
  void value(std::string_view labels, uint64_t v) {
    out_ += name_;
    if (!labels.empty()) {
      out_ += '{';
      out_ += labels;
      out_ += '}';
    }
    out_ += ' ';
    out_ += std::to_string(v);
    out_ += '\n';
  }
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
  std::string take() { return std::move(out_); }

 private:
  const std::vector<const WorkerMetrics*>& workers_;
  std::string name_;
  std::string out_;
};

std::string label(const char* key, std::string_view value) {
  return std::string(key) + "=\"" + std::string(value) + "\"";
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
  out.family("sallyport_tls_handshakes_total", "counter", "TLS handshakes completed.");
  for (size_t side = 0; side < kSides; ++side) {
    for (size_t version = 0; version < 2; ++version) {
      for (size_t resumed = 0; resumed < 2; ++resumed) {
        out.value(label("side", kSideNames[side]) + "," + label("version", kVersionNames[version]) +
                      "," + label("resumed", resumed ? "true" : "false"),
                  out.sum([&](W w) -> auto& { return w.handshakes[side][version][resumed]; }));
      }
    }
  }
  out.family("sallyport_tls_handshake_failures_total", "counter", "TLS handshakes failed.");
  for (size_t side = 0; side < kSides; ++side) {
    out.value(label("side", kSideNames[side]),
              out.sum([&](W w) -> auto& { return w.handshake_failures[side]; }));
  }
}

void write_backends(Writer& out) {
  out.single("sallyport_backend_connects_total", "counter", "Attempts to connect to an endpoint.",
             [](W w) -> auto& { return w.connects; });
  out.single("sallyport_backend_connect_failures_total", "counter",
             "Attempts to connect to an endpoint that failed.",
             [](W w) -> auto& { return w.connect_failures; });
  out.single("sallyport_pipes", "gauge", "Kernel pipes held for splicing.",
             [](W w) -> auto& { return w.pipes; });
  out.single("sallyport_spliced_bytes_total", "counter", "Bytes relayed inside the kernel.",
             [](W w) -> auto& { return w.spliced_bytes; });
  out.single("sallyport_log_lines_dropped_total", "counter",
             "Access lines lost because the log could not be written fast enough.",
             [](W w) -> auto& { return w.log_lines_dropped; });
}

void write_process(Writer& out, const ProcessMetrics& p, size_t workers) {
  out.family("sallyport_build_info", "gauge", "Always 1; the version is in the label.");
  out.value(label("version", p.version), 1);
  out.family("sallyport_workers", "gauge", "Worker threads.");
  out.value("", workers);
  out.family("sallyport_config_reloads_total", "counter", "Configurations offered, by result.");
  out.value(label("result", "applied"), p.reloads_applied);
  out.value(label("result", "refused"), p.reloads_refused);
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

}  // namespace

std::string prometheus_text(const std::vector<const WorkerMetrics*>& workers,
                            const ProcessMetrics& process) {
  Writer out(workers);
  write_connections(out);
  write_limits(out);
  write_tls(out);
  write_backends(out);
  write_process(out, process, workers.size());
  return out.take();
}

}  // namespace sallyport
