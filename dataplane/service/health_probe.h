// Asks one endpoint, again and again, whether it serves.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>

#include "dataplane/io/deadline.h"
#include "dataplane/io/loop.h"
#include "dataplane/service/grpc_health_call.h"
#include "dataplane/service/service.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

/// What all probes of a loop have in common.
struct ProbeContext {
  Loop& loop;
  Scratch& scratch;
  size_t tls_slot;             // of BackendContext: sessions are resumed
  std::minstd_rand random;
  size_t under_way = 0;        // checks
};

/// Each check is a connection of its own, made as requests would have it: the same TLS, the same
/// verification. Beginnings are spread by chance, so that proxies and endpoints do not beat in
/// time. Thread: the loop's.
class HealthProbe final : public Task {
 public:
  static constexpr size_t kChecksMost = 128;  // under way at once

  /// REQUIRES: `context` outlives this; the service has health, and an endpoint `at`.
  HealthProbe(ProbeContext& context, std::shared_ptr<const Service> service, size_t at);
  /// A check under way is given up.
  ~HealthProbe() override;

  /// The same endpoint, of a service that has changed; from the next check on.
  void belongs_to(std::shared_ptr<const Service> service, size_t at);

 private:
  enum class Phase : uint8_t { Wait, Connect, Handshake, Call };

  void turn() override;
  void begin();
  void advance();
  bool connected();
  bool shaken();
  void start_call();
  void exchange();
  bool send();
  void finish(std::string fault);  // by value: it may be of the call that ends
  void tell(const std::string& fault);
  void wait_until(Instant due);
  std::string authority() const;

  ProbeContext& context_;
  std::shared_ptr<const Service> service_;
  size_t at_;
  Phase phase_ = Phase::Wait;
  Deadline deadline_;  // of the wait, or of the check
  Instant begun_{};    // the last check, or this one
  Instant due_{};      // the next one

  // Of the check under way.
  std::shared_ptr<const Service> checked_;  // its TLS outlives the stream's
  Endpoint endpoint_;
  std::optional<Stream> stream_;
  std::optional<GrpcHealthCall> call_;
};

}  // namespace sallyport
