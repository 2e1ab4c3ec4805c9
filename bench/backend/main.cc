// backend: what a proxy under test or measurement is put in front of. See --help.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/backend/server.h"

namespace sallyport::bench {
namespace {

std::atomic<bool> stop{false};

struct Options {
  std::string listen = "127.0.0.1:0";
  BehaviourOptions behaviour;
  TlsSettings tls;
  unsigned threads = 1;
};

void add_options(CLI::App& app, Options& options) {
  const std::map<std::string, Mode> modes{
      {"echo", Mode::Echo}, {"http", Mode::Http}, {"source", Mode::Source}, {"sink", Mode::Sink}};
  const CLI::AsSizeValue size(false);
  app.add_option("mode", options.behaviour.mode,
                 "echo: what came; http: /1k, /1m … and uploads; source: sends --size bytes of the "
                 "pattern while receiving, then ends; sink: receives to the end. Source and sink "
                 "print a line with count and SHA-256 of what came per connection")
      ->required()
      ->transform(CLI::CheckedTransformer(modes));
  app.add_option("--listen", options.listen,
                 "numeric ADDRESS:PORT; port 0 (default): any, printed");
  app.add_option("--size", options.behaviour.size, "of source, or of http's \"/\"")
      ->transform(size);
  app.add_flag("--end-last", options.behaviour.end_last, "source: half-close after the peer has");
  app.add_option("-t,--threads", options.threads)->check(CLI::Range(1u, 256u));
  app.add_option("--cert", options.tls.certificate, "speak TLS with this certificate (chain), PEM");
  app.add_option("--key", options.tls.key, "its key, PEM");
  app.add_option("--client-ca", options.tls.ca, "require client certificates of this CA, PEM");
  app.add_option("--alpn", options.tls.alpn, "protocols to choose from")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--tls-min", options.tls.min_version, "1.2 or 1.3");
  app.add_option("--tls-max", options.tls.max_version, "1.2 or 1.3");
  app.add_option("--ciphers", options.tls.ciphers, "for TLS 1.2, an OpenSSL cipher list");
  app.add_option("--ciphersuites", options.tls.ciphersuites, "for TLS 1.3");
}

void print(const std::vector<std::unique_ptr<Server>>& servers) {
  ServerCounts sum;
  for (const auto& server : servers) {
    const ServerCounts& counts = server->counts();
    sum.connections += counts.connections;
    sum.handshakes_full += counts.handshakes_full;
    sum.handshakes_resumed += counts.handshakes_resumed;
    sum.handshakes_failed += counts.handshakes_failed;
    sum.bytes_received += counts.bytes_received;
    sum.bytes_sent += counts.bytes_sent;
  }
  std::printf(
      "served {\"connections\": %ju, \"handshakes_full\": %ju, \"handshakes_resumed\": %ju, "
      "\"handshakes_failed\": %ju, \"bytes_received\": %ju, \"bytes_sent\": %ju}\n",
      uintmax_t{sum.connections}, uintmax_t{sum.handshakes_full}, uintmax_t{sum.handshakes_resumed},
      uintmax_t{sum.handshakes_failed}, uintmax_t{sum.bytes_received}, uintmax_t{sum.bytes_sent});
}

void serve(const Options& options) {
  SslContextPtr context;
  if (!options.tls.certificate.empty()) context = server_context(options.tls);
  SocketAddress address = SocketAddress::parse(options.listen);
  std::vector<std::unique_ptr<Server>> servers;
  for (unsigned i = 0; i < options.threads; ++i) {
    Fd listener = listen_on(address);
    address = SocketAddress::local_of(listener.get());
    servers.push_back(
        std::make_unique<Server>(options.behaviour, std::move(listener), context.get()));
  }
  std::printf("listening %s\n", address.text().c_str());
  std::fflush(stdout);
  {
    std::vector<std::jthread> threads;
    for (const auto& server : servers) threads.emplace_back([&server] { server->run(stop); });
  }
  print(servers);
}

int main(int argc, char** argv) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { stop = true; });
  CLI::App app(
      "A backend for tests and measurements. Prints \"listening ADDRESS:PORT\" when it is\n"
      "ready, and on SIGTERM what it has served.",
      "backend");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    serve(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "backend: %s\n", error.what());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  return sallyport::bench::main(argc, argv);
}
