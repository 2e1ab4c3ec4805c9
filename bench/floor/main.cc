// floor: the least that a proxy can cost. See --help and bench/README.md.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "bench/floor/relay.h"

namespace sallyport::bench {
namespace {

struct Options {
  std::string listen, backend;
  TlsSettings client, backend_tls;
  std::string backend_name;
  bool pool = false, splice = false;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--listen", options.listen, "numeric ADDRESS:PORT")->required();
  app.add_option("--backend", options.backend, "numeric ADDRESS:PORT")->required();
  app.add_option("--cert", options.client.certificate, "end the client's TLS with this, PEM");
  app.add_option("--key", options.client.key, "its key, PEM");
  app.add_option("--client-ca", options.client.ca, "require client certificates of this CA, PEM");
  app.add_option("--backend-ca", options.backend_tls.ca, "speak TLS to the backend, verified");
  app.add_option("--backend-name", options.backend_name, "what its certificate must say");
  app.add_flag("--pool", options.pool, "backend connections outlive their clients");
  app.add_flag("--splice", options.splice, "bulk through a pipe, when both sides are in the clear");
}

// The measures that were found to help without changing what is promised: one ticket, and no
// second flight for it.
SslContextPtr terminating(const TlsSettings& settings) {
  SslContextPtr context = server_context(settings);
  SSL_CTX_set_num_tickets(context.get(), 1);
  return context;
}

int main(int argc, char** argv) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app(
      "Moves bytes between clients and one backend, with the TLS that the options say and nothing\n"
      "else: no HTTP, no routes, no limits, no log, no timeouts. What it costs is the floor.",
      "floor");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    RelayOptions relay;
    relay.listen = SocketAddress::parse(options.listen);
    relay.backend = SocketAddress::parse(options.backend);
    relay.backend_name = options.backend_name;
    relay.pool = options.pool;
    relay.splice = options.splice;
    SslContextPtr client, backend;
    if (!options.client.certificate.empty()) client = terminating(options.client);
    if (!options.backend_tls.ca.empty()) backend = client_context(options.backend_tls);
    relay.client_tls = client.get();
    relay.backend_tls = backend.get();
    Relay(relay).run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "floor: %s\n", error.what());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  return sallyport::bench::main(argc, argv);
}
