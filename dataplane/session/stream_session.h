// Bytes between a client and one endpoint, in all three scenarios and on tcp listeners.
#pragma once

#include <memory>
#include <optional>

#include "dataplane/relay/pump.h"
#include "dataplane/session/session.h"
#include "dataplane/tls/client_proof.h"

namespace sallyport {

/// Reads in the order of the wire; LIFE_OF_A_CONNECTION.md draws it. Offload leaves
/// BackendHandshake out, passthrough and tcp listeners both handshakes.
class StreamSession final : public Session {
 public:
  /// After an Entry: `site` is null on tcp listeners. Both live in the arrival's snapshot.
  StreamSession(SessionContext& context, Arrival arrival, const Site* site, const Service& service);
  /// On a tcp listener where nothing is read first.
  StreamSession(SessionContext& context, Arrival arrival, int descriptor);

 private:
  enum class Phase : uint8_t {
    Begin,
    ClientHandshake,
    Connect,
    AskForTls,  // of PostgreSQL
    BackendHandshake,
    Relay,
    Linger,  // an alert is on its way to the client, who may still be sending
  };

  void advance() override;
  void on_deadline() override;
  void close_streams(Reason reason) override;

  // Each step says whether the next phase may begin at once; false: waiting or finished.
  bool begin();
  bool shake_hands_with_client();
  bool start_connecting();
  bool connect();
  bool try_next_endpoint(Reason reason, std::string detail);
  bool asks_for_tls();
  bool ask_for_tls();
  bool begin_backend_tls();
  bool shake_hands_with_backend();
  void begin_relay();
  void relay();
  void relay_broken(PumpState to_backend, PumpState to_client);
  void count_bytes();
  const ClientIdentity* client_identity() const;

  /// The client is told by an alert where it can still understand one.
  void refuse(Reason reason, uint8_t alert);
  void linger(Reason reason);
  void discard();

  const Site* site_;
  const Service& service_;
  const Endpoint* endpoint_ = nullptr;
  std::vector<const Endpoint*> tried_;  // endpoints that failed this connection
  std::unique_ptr<ClientProof> proof_;
  Stream client_;
  Stream backend_;
  std::optional<Pump> to_backend_;
  std::optional<Pump> to_client_;
  uint64_t counted_from_client_ = 0;   // already in the metrics
  uint64_t counted_from_backend_ = 0;
  uint64_t counted_spliced_ = 0;
  Phase phase_ = Phase::Begin;
  Reason lingering_ = Reason::Closed;
  bool first_end_known_ = false;
};

}  // namespace sallyport
