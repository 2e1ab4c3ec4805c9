#include "control/demo/demo.h"

#include <signal.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "control/demo/free_ports.h"
#include "control/pki/staged_file.h"

namespace sallyport {
namespace {

/// `address` with its port 0 replaced. What is not "IP:PORT" or ":PORT" stays as it is: a path of a
/// unix socket, or a mistake that the configuration's reader will name.
Result<std::string> with_port(FreePorts& ports, const std::string& address, const char* option) {
  const bool everywhere = address.starts_with(":");
  const std::optional<Address> parsed = Address::parse(everywhere ? "0.0.0.0" + address : address);
  if (!parsed) return address;
  Result<uint16_t> port = ports.take(*parsed);
  if (!port) {
    return Error{port.error().message + " (is another demo running? " + option +
                 " chooses another address, port 0 any free one)"};
  }
  return everywhere ? ":" + std::to_string(*port) : parsed->with_port(*port).text();
}

}  // namespace

Result<Demo> Demo::prepare(const DemoOptions& options) {
  Result<DemoFolder> folder = DemoFolder::make();
  if (!folder) return folder.error();
  Demo demo(*std::move(folder));
  if (auto built = demo.build(options); !built) return built.error();
  return demo;
}

Result<void> Demo::build(const DemoOptions& options) {
  plan_.folder = folder_.path();
  Result<DemoPki> pki = DemoPki::make();
  if (!pki) return pki.error();
  if (auto written = pki->write(plan_.folder); !written) return written;
  if (auto started = start_backends(*pki); !started) return started;
  // After the backends, which take free ports too.
  if (auto chosen = choose_addresses(options); !chosen) return chosen;
  return write_file(config_path(), demo_yaml(plan_), 0600);
}

Result<void> Demo::start_backends(const DemoPki& pki) {
  Result<TlsServer> passthrough = TlsServer::make(pki.passthrough_backend);
  if (!passthrough) return passthrough.error();
  Result<TlsServer> reencrypt = TlsServer::make(pki.reencrypt_backend);
  if (!reencrypt) return reencrypt.error();
  struct Backend {
    const char* introduction;
    std::optional<TlsServer> tls;
    Address& address;
  };
  Backend all[] = {
      {"offload: Sallyport ended the client's TLS", {}, plan_.offload},
      {"passthrough: I ended the client's TLS myself", *std::move(passthrough), plan_.passthrough},
      {"reencrypt: Sallyport ended the client's TLS and began its own", *std::move(reencrypt),
       plan_.reencrypt},
      {"mtls: Sallyport ended the client's TLS and verified its certificate", {}, plan_.mtls},
  };
  for (Backend& one : all) {
    auto backend = DemoBackend::start(one.introduction, std::move(one.tls));
    if (!backend) return backend.error();
    one.address = (*backend)->address();
    backends_.push_back(*std::move(backend));
  }
  return {};
}

Result<void> Demo::choose_addresses(const DemoOptions& options) {
  FreePorts ports;
  const std::string https = "127.0.0.1:" + std::to_string(options.port);
  const std::string http = "127.0.0.1:" + std::to_string(options.http_port);
  const struct {
    std::string& chosen;
    const std::string& wanted;
    const char* option;
  } all[] = {{plan_.https, https, "--port"},
             {plan_.http, http, "--http-port"},
             {plan_.metrics, options.metrics, "--metrics"},
             {plan_.admin, options.admin, "--admin"}};
  for (const auto& one : all) {
    Result<std::string> address = with_port(ports, one.wanted, one.option);
    if (!address) return address.error();
    one.chosen = *std::move(address);
  }
  return {};
}

int demo_main(const DemoOptions& options, const std::function<int(const std::string&)>& run) {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  Result<Demo> demo = Demo::prepare(options);
  if (!demo) {
    std::fprintf(stderr, "sallyport demo: %s\n", demo.error().message.c_str());
    return 1;
  }
  std::fputs(demo_guide(demo->plan()).c_str(), stdout);
  std::fflush(stdout);
  return run(demo->config_path());
}

}  // namespace sallyport
