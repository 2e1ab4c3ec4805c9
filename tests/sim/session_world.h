// A worker of the data plane between scripted clients and backends, in the simulated network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/session/session.h"
#include "tests/sim/certificates.h"
#include "tests/sim/peer.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/tls_channel.h"

namespace sallyport::sim {

/// The three scenarios, and tcp listeners.
enum class Way : uint8_t { Passthrough, Offload, Reencrypt, Tcp };
const char* name(Way way);

/// Polite: nothing is lost and everybody behaves, so every connection has to end cleanly.
enum class Manners : uint8_t { Polite, Any };

/// What is drawn for one run beside the network's faults.
struct Plan {
  Way way = Way::Tcp;
  Manners manners = Manners::Any;
  size_t clients = 1;
  size_t good_endpoints = 1;
  size_t refusing_endpoints = 0;
  size_t silent_endpoints = 0;
  ProxyProtocolIn proxy_in = ProxyProtocolIn::Off;
  ProxyProtocolOut proxy_out = ProxyProtocolOut::Off;
  bool backend_tls = false;           // the proxy speaks TLS to the backend
  bool backend_asks_certificate = false;
  bool backend_is_false = false;      // its certificate is for another name
  VerifyClient verify_client = VerifyClient::Off;
  int client_version = 0;
  int backend_version = 0;
  Limits limits;
  bool reloads = false;               // another generation comes amid the run
  bool drains = false;                // sessions are cut amid the run

  static Plan draw(Way way, Manners manners, Random& random);
  bool client_tls() const { return way != Way::Tcp; }
  bool terminates() const { return way == Way::Offload || way == Way::Reencrypt; }
  std::string describe() const;
};

/// A client of the run: who it says that it is, and what it does wrong.
struct Client {
  enum class Fault : uint8_t { None, UnknownName, NoName, NoProxyHeader, NoCertificate,
                               FalseCertificate, NotTls };

  Fault fault = Fault::None;
  Address address;        // of its socket
  Address claimed;        // what its PROXY header says; else as `address`
  std::string alpn;       // offered; empty: none
  std::unique_ptr<TlsContext> tls;
  std::unique_ptr<Peer> peer;
};

/// One run. The network has to exist before and to be there after.
class SessionWorld {
 public:
  SessionWorld(Network& network, const Plan& plan);
  ~SessionWorld();

  /// Until nothing happens any more, and everything of the data plane is destroyed.
  void run();

  const Plan& plan() const { return plan_; }
  const std::vector<Client>& clients() const { return clients_; }
  std::vector<const Peer*> backends() const;
  const std::vector<ConnectionRecord>& records() const { return records_.all; }
  const Config& config() const { return config_; }
  /// What the data plane did not put back: gauges, tables, generations.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  struct Records final : RecordSink {
    void record(const ConnectionRecord& record) override { all.push_back(record); }
    void record(const RequestRecord&) override {}
    std::vector<ConnectionRecord> all;
  };

  void make_config();
  void make_backends();
  void make_clients();
  void make_client(size_t number);
  Opening client_opening(Client& client, size_t number);
  Script script();
  void call_all();

  Network& network_;
  Plan plan_;
  Random random_;
  Config config_;
  Materials materials_;
  std::unique_ptr<TlsContext> backend_tls_;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::vector<Client> clients_;
  Records records_;
  std::vector<std::shared_ptr<const Snapshot>> snapshots_;  // records have views of them
  std::vector<std::string> problems_;
};

}  // namespace sallyport::sim
