// A client's HTTP/1.1 connection: one request after the other, under TLS or in the clear.
#pragma once

#include <memory>
#include <optional>

#include "dataplane/session/exchange.h"
#include "dataplane/session/session.h"

namespace sallyport {

/// Reads in the order of the wire:
///
///     Begin ─► ClientHandshake ─► Request ⇄ Exchanging ─► Closing ─► (Linger) ─► finish
///
/// Between requests it costs its TLS and this object; all that a request needs is the exchange's.
/// Each request is treated by the snapshot that is current when it comes; if the site's TLS is not
/// the one any more that the connection was made with, the connection is closed after it.
class HttpSession final : public Session {
 public:
  /// After an Entry. `site` was chosen by SNI; null on a listener without TLS.
  HttpSession(SessionContext& context, Arrival arrival, const Site* site);
  /// On a listener without TLS where nothing is read first.
  HttpSession(SessionContext& context, Arrival arrival, int descriptor);

  void drain() override;

 private:
  enum class Phase : uint8_t { Begin, ClientHandshake, Request, Exchanging, Closing, Linger };

  void advance() override;
  void on_deadline() override;
  void close_streams(Reason reason) override;

  // Each says whether the next phase may begin at once; false: waiting or finished.
  bool begin();
  bool shake_hands_with_client();
  bool read_request();
  bool may_be_http2(Bytes came);
  bool begin_exchange(Block head);
  bool exchange();
  bool begin_closing();
  bool close_connection();

  void go_on_with_http2(Block received);
  void await_request();
  void take_exchange();
  void end_exchange();
  void linger(Reason reason);
  void discard();

  std::shared_ptr<const ServerContext> tls_;  // of the handshake; outlives the stream's TLS
  std::unique_ptr<ClientProof> proof_;
  Stream client_;
  H1Input in_;
  H1Output out_;
  ExchangeClient lent_;
  std::unique_ptr<Exchange> exchange_;
  Instant first_byte_{};       // of the request that is coming
  Phase phase_ = Phase::Begin;
  Reason ending_ = Reason::Closed;
  uint32_t answered_in_turn_ = 0;
  bool awaiting_first_byte_ = false;
  bool exchanged_ = false;     // a request has been taken
  bool whole_ = true;          // nothing that the client has sent is left to be read
};

}  // namespace sallyport
