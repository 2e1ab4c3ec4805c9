#include "bench/load/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>
#include <stdexcept>

namespace sallyport::bench {
namespace {

const char* const kDescription =
    "Loads a TLS or TCP server and reports rates, latencies and errors.\n"
    "In an open loop (--rate) latency runs from the moment an exchange was meant to begin, so\n"
    "that a server that stalls cannot hide it. Sizes take KiB, MiB, GiB; times take ms, s, m.";

// "name", "name,cert.pem,key.pem"
Host parse_host(const std::string& text) {
  std::vector<std::string> parts = CLI::detail::split(text, ',');
  if (parts.size() != 1 && parts.size() != 3) {
    throw std::runtime_error("--host " + text + ": must be NAME or NAME,CERT,KEY");
  }
  parts.resize(3);
  return {parts[0], parts[1], parts[2]};
}

// Milliseconds from "250ms", "10s", "1.5m".
CLI::Validator as_time() {
  return CLI::AsNumberWithUnit(
      std::map<std::string, double>{{"ms", 1}, {"s", 1000}, {"m", 60'000}},
      CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME");
}

std::chrono::nanoseconds from_millis(double millis) {
  return std::chrono::nanoseconds(static_cast<int64_t>(millis * 1e6));
}

struct Raw {
  std::vector<std::string> hosts;
  std::string certificate, key;
  double duration = 0, warm_up = 0, linger = 0, timeout = 10'000;
};

void add_peer(CLI::App& app, Options& options, Raw& raw) {
  app.add_option("target", options.target_text, "numeric ADDRESS:PORT to connect to")->required();
  app.add_option("--host", raw.hosts,
                 "NAME[,CERT,KEY]: SNI and Host header, may differ from the address; repeat to "
                 "spread the connections over several")
      ->allow_extra_args(false);
  app.add_flag("--tls", options.tls, "speak TLS");
  TlsSettings& tls = options.tls_settings;
  app.add_option("--ca", tls.ca, "verify the server against this PEM file; default: do not verify");
  app.add_option("--cert", raw.certificate, "client certificate (chain), PEM");
  app.add_option("--key", raw.key, "its key, PEM");
  app.add_flag("--resume", options.resume,
               "resume TLS sessions on new connections; default: every handshake is a full one");
  app.add_option("--tls-min", tls.min_version, "1.2 or 1.3");
  app.add_option("--tls-max", tls.max_version, "1.2 or 1.3");
  app.add_option("--ciphers", tls.ciphers, "for TLS 1.2, an OpenSSL cipher list");
  app.add_option("--ciphersuites", tls.ciphersuites, "for TLS 1.3");
  app.add_option("--alpn", tls.alpn, "protocols to offer")->delimiter(',')->allow_extra_args(false);
}

void add_exchange(CLI::App& app, Options& options) {
  const std::map<std::string, ExchangeKind> kinds{{"echo", ExchangeKind::Echo},
                                                  {"request", ExchangeKind::Request},
                                                  {"duplex", ExchangeKind::Duplex},
                                                  {"connect", ExchangeKind::Connect}};
  app.add_option("--exchange", options.kind,
                 "echo: --size bytes there and back, checked; request (default): HTTP/1.1; duplex: "
                 "send --size and receive --receive bytes at once, each side half-closing, all "
                 "checked; connect: nothing after the handshake")
      ->transform(CLI::CheckedTransformer(kinds, CLI::ignore_case));
  const CLI::AsSizeValue size(false);
  app.add_option("--size", options.size, "default 1KiB")->transform(size);
  app.add_option("--receive", options.receive, "duplex: bytes expected")->transform(size);
  app.add_flag("--end-last", options.end_last, "duplex: half-close after the peer has, not before");
  app.add_option("--method", options.method, "default GET, or POST with a body");
  app.add_option("--path", options.path);
  app.add_option("--body", options.body, "size of the request's body")->transform(size);
  app.add_option("--header", options.headers, "\"Name: value\", may be repeated")
      ->allow_extra_args(false);
  app.add_flag("--http2", options.http2, "requests over HTTP/2, one stream at a time");
  app.add_flag("--persistent", options.persistent,
               "leave out \"Connection: close\" even with --new-connections");
  app.add_option("--status", options.expected_status,
                 "the only good status; default: any below 400");
}

void add_load(CLI::App& app, Options& options, Raw& raw) {
  app.add_option("-c,--connections", options.connections)->check(CLI::Range(1u, 1'000'000u));
  app.add_option("-t,--threads", options.threads)->check(CLI::Range(1u, 256u));
  app.add_flag("--new-connections", options.new_connections, "a new connection for each exchange");
  app.add_option("--rate", options.rate, "open loop: exchanges begun a second, in all")
      ->check(CLI::PositiveNumber);
  app.add_option("-n,--count", options.count, "end after so many exchanges");
  app.add_option("-d,--duration", raw.duration,
                 "end after this time (default 10s, none with --count)")
      ->transform(as_time());
  app.add_option("--warm-up", raw.warm_up, "load before measuring")->transform(as_time());
  app.add_option("--linger", raw.linger, "keep connections open so long after all is done")
      ->transform(as_time());
  app.add_option("--timeout", raw.timeout, "of one exchange, connecting included (default 10s)")
      ->transform(as_time());
  app.add_option("--watch-pid", options.watched, "report the CPU time of these processes too")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--json", options.json);
  app.add_flag("--fail-on-error", options.fail_on_error, "exit status 1 if anything went wrong");
}

void complete(Options& options, const Raw& raw) {
  options.target = SocketAddress::parse(options.target_text);
  for (const std::string& text : raw.hosts) options.hosts.push_back(parse_host(text));
  if (options.hosts.empty()) options.hosts.emplace_back();
  for (Host& host : options.hosts) {
    if (!host.certificate.empty()) continue;
    host.certificate = raw.certificate;
    host.key = raw.key;
  }
  options.duration = from_millis(raw.duration);
  options.warm_up = from_millis(raw.warm_up);
  options.timeout = from_millis(raw.timeout);
  options.linger = from_millis(raw.linger);
  const bool endless = options.duration.count() == 0 && options.count == 0;
  if (endless) options.duration = std::chrono::seconds(10);
  if (options.method.empty()) options.method = options.body > 0 ? "POST" : "GET";
  if (options.kind == ExchangeKind::Connect) options.new_connections = true;
  if (!options.tls_settings.ca.empty() && options.hosts.front().name.empty()) {
    throw std::runtime_error("--ca needs --host: the name to verify");
  }
  if (options.http2 && !options.tls) throw std::runtime_error("--http2 needs --tls");
  if (options.http2 && options.tls_settings.alpn.empty()) options.tls_settings.alpn = {"h2"};
  if (options.threads > options.connections) options.threads = options.connections;
}

}  // namespace

Options parse_options(int argc, char** argv) {
  CLI::App app(kDescription, "load");
  Options options;
  Raw raw;
  add_peer(app, options, raw);
  add_exchange(app, options);
  add_load(app, options, raw);
  try {
    app.parse(argc, argv);
    complete(options, raw);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    std::exit(2);
  }
  return options;
}

}  // namespace sallyport::bench
