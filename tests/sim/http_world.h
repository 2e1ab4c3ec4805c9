// A worker that speaks HTTP, of either version on either side, between scripted clients and
// backends, in the simulated network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/data_plane.h"
#include "tests/sim/h2_client.h"
#include "tests/sim/h2_endpoint.h"
#include "tests/sim/http_backend.h"
#include "tests/sim/http_client.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/tls_channel.h"

namespace sallyport::sim {

enum class HttpWay : uint8_t { Plain, Offload, Reencrypt };
const char* name(HttpWay way);

/// Polite: nothing is lost, everybody behaves, and every request has to be answered by a backend.
/// Races: the same, but backends close kept connections without a word. Any: everything.
enum class HttpManners : uint8_t { Polite, Races, Any };

/// Who speaks HTTP/2.
struct HttpVersions {
  bool client_http2 = false;
  bool backend_http2 = false;
};

/// What is drawn for one run beside the network's faults.
struct HttpPlan {
  /// Amid the run another configuration comes.
  enum class Reload : uint8_t { None, Same, Limits, Certificate, Endpoints, Policy };

  HttpWay way = HttpWay::Plain;
  HttpVersions versions;
  HttpManners manners = HttpManners::Any;
  size_t clients = 1;
  size_t good_endpoints = 1;
  size_t refusing_endpoints = 0;
  size_t silent_endpoints = 0;
  ProxyProtocolIn proxy_in = ProxyProtocolIn::Off;
  ProxyProtocolOut proxy_out = ProxyProtocolOut::Off;
  int client_version = 0;
  int backend_version = 0;
  Limits limits;
  Reload reload = Reload::None;
  bool drains = false;
  bool talks_on = false;   // backends send more than they announced
  bool bulk = false;       // bodies are larger than what may wait in the proxy

  static HttpPlan draw(HttpWay way, HttpManners manners, Random& random,
                       HttpVersions versions = {});
  bool polite() const { return manners != HttpManners::Any; }
  bool client_tls() const { return way != HttpWay::Plain; }
  /// Connections are closed amid the run by the proxy, if orderly.
  bool closes_connections() const { return drains || reload == Reload::Policy; }
  std::string describe() const;
};

/// A record of the run. What it had views of may be gone.
struct RequestLine {
  uint64_t connection = 0;
  Address peer;
  std::string method;
  std::string path;
  RequestRecord record;  // its texts are not valid any more
  std::string detail;
  std::string doing;
};

/// One run. The network has to exist before and to be there after.
class HttpWorld {
 public:
  HttpWorld(Network& network, const HttpPlan& plan);
  ~HttpWorld();

  /// Until nothing happens any more, and everything of the data plane is destroyed.
  void run();

  struct Client {
    Address address;
    std::unique_ptr<TlsContext> tls;
    std::unique_ptr<HttpClient> peer;  // or
    std::unique_ptr<H2Client> h2;
    const std::vector<HttpRequest*>& requests() const {
      return peer ? peer->requests() : h2->requests();
    }
  };

  const HttpPlan& plan() const { return plan_; }
  const std::vector<Client>& clients() const { return clients_; }
  const HttpLedger& ledger() const { return ledger_; }
  const std::vector<RequestLine>& lines() const { return records_.requests; }
  const std::vector<std::string>& problems() const { return problems_; }
  /// When the drain began; the end of time if there was none.
  WallTime drained_at() const { return drained_at_; }

 private:
  struct Records final : RecordSink {
    void record(const ConnectionRecord& record) override { connections.push_back(record.id); }
    void record(const RequestRecord& record) override;
    std::vector<uint64_t> connections;
    std::vector<RequestLine> requests;
  };

  void make_config();
  void make_backends();
  void make_backend(const Address& at, const BackendPlan& plan, HttpPeer::MakeChannel make_channel);
  void make_client(size_t number);
  ClientPlan client_plan();
  void change_config();
  void schedule_changes(DataPlane& data_plane, std::function<void()> publish);
  void look_for_problems(const DataPlane& data_plane);
  void look_what_waits(const HttpClient& client);
  void look_what_waits(const HttpRequest& request);

  Network& network_;
  HttpPlan plan_;
  Random random_;
  Config config_;
  Materials materials_;
  HttpLedger ledger_;
  std::unique_ptr<TlsContext> backend_tls_;
  std::vector<std::unique_ptr<HttpBackend>> backends_;
  std::vector<std::unique_ptr<H2Endpoint>> h2_backends_;
  uint64_t backend_connections_ = 0;
  std::vector<Client> clients_;
  Records records_;
  std::vector<std::string> problems_;
  WallTime drained_at_ = WallTime::max();
};

}  // namespace sallyport::sim
