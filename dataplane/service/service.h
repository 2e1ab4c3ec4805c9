// A service: endpoints, the rule that chooses among them, and how to speak TLS to them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/per_worker.h"
#include "dataplane/model/config.h"
#include "dataplane/observe/route_metrics.h"
#include "dataplane/service/endpoint_health.h"
#include "dataplane/tls/backend_context.h"

namespace sallyport {

struct Endpoint {
  Address address;
  std::string name;  // to check and send under TLS
  bool operator==(const Endpoint&) const = default;
};

/// Immutable but for each worker's turn of the round robin; shared by threads. Kept over a change
/// of the configuration that does not concern it, so that turns and TLS sessions go on.
class Service {
 public:
  /// `before`: the service of this name until now; what is known of the health of endpoints that
  /// it had goes on.
  Service(const ServiceConfig& config, std::vector<Endpoint> endpoints,
          std::shared_ptr<const BackendContext> tls, size_t workers,
          std::shared_ptr<const PerWorker<ServiceMetrics>> metrics = nullptr,
          const Service* before = nullptr);

  const std::string& name() const { return name_; }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  const BackendContext* tls() const { return tls_.get(); }  // null: plain
  const std::shared_ptr<const BackendContext>& shared_tls() const { return tls_; }
  const std::optional<SslMode>& sslmode() const { return sslmode_; }
  ProxyProtocolOut proxy_protocol() const { return proxy_protocol_; }
  BackendProtocol protocol() const { return protocol_; }
  /// Null: nobody asks how the endpoints are.
  const ServiceHealth* health() const { return health_ ? &*health_ : nullptr; }

  /// Counted on over changes of the service: they belong to its name.
  ServiceMetrics& metrics(size_t worker) const { return metrics_->of(worker); }
  const std::shared_ptr<const PerWorker<ServiceMetrics>>& shared_metrics() const {
    return metrics_;
  }

  /// Round robin of this worker over the endpoints that are not in `tried`, nor known not to be
  /// healthy; those that failed lately, and those of which nothing is known, come last. Null when
  /// there is none left.
  const Endpoint* pick(size_t worker, const std::vector<const Endpoint*>& tried, Instant now) const;
  /// Not in turn, but always the same for equal hashes: the one that comes first in an order that
  /// each hash has of its own, and that depends on the addresses alone. So an endpoint that goes
  /// takes only its own clients with it, and one that comes gets its share of everybody's.
  const Endpoint* pick_for(uint64_t hash, size_t worker, const std::vector<const Endpoint*>& tried,
                           Instant now) const;
  /// The one that pick_for() would give if none had failed. Null where there is none.
  const Endpoint* first_for(uint64_t hash) const;
  /// Whether pick() would find one.
  bool has_other(const std::vector<const Endpoint*>& tried) const;
  /// Connecting to `endpoint` failed: it is avoided for a while where there is another.
  void failed(size_t worker, const Endpoint& endpoint, Instant now) const;

 private:
  struct Turn {
    uint32_t next = 0;
    std::vector<Instant> avoid_until;  // by endpoint; empty: none ever failed
  };

  bool usable(size_t at, const std::vector<const Endpoint*>& tried) const;
  bool avoided(size_t at, const Turn& turn, Instant now) const;

  std::string name_;
  std::vector<Endpoint> endpoints_;
  std::shared_ptr<const BackendContext> tls_;
  std::optional<SslMode> sslmode_;
  ProxyProtocolOut proxy_protocol_;
  BackendProtocol protocol_;
  PerWorker<Turn> turns_;
  std::shared_ptr<const PerWorker<ServiceMetrics>> metrics_;
  std::optional<ServiceHealth> health_;
};

}  // namespace sallyport
