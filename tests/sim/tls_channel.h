// TLS for peers, by OpenSSL over memory.
#pragma once

#include <string>
#include <vector>

#include "dataplane/tls/openssl.h"
#include "tests/sim/certificates.h"
#include "tests/sim/channel.h"
#include "tests/sim/sim_network.h"

namespace sallyport::sim {

/// How a peer speaks TLS. What it points to must outlive the channels.
struct TlsOptions {
  bool server = false;
  const Identity* identity = nullptr;  // servers always; clients: their own certificate
  const Authority* trusts = nullptr;   // null: does not verify. Servers: requires a certificate
  std::string name;                    // clients: sent as SNI and, with `trusts`, verified
  std::vector<std::string> alpn;       // offered, or in the order of preference
  int version = 0;                     // TLS1_2_VERSION, TLS1_3_VERSION; 0: either
};

/// Shared by the channels of one peer's making, so that sessions can be resumed.
class TlsContext {
 public:
  explicit TlsContext(TlsOptions options);

  const TlsOptions& options() const { return options_; }
  SslPtr new_ssl() const;

 private:
  static int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                         const unsigned char* in, unsigned in_size, void* self);

  TlsOptions options_;
  std::vector<unsigned char> alpn_wire_;
  SslCtxPtr context_;
};

/// How the first flight goes onto the wire.
struct TlsOpening {
  Opening opening;
  size_t hello_records = 1;  // clients: over how many records the ClientHello goes
  size_t drips = 0;          // bytes, the preamble's included, that go one at a time
  Micros drip_pause{0};
};

class TlsChannel final : public Channel {
 public:
  TlsChannel(Network& network, End& end, Observer& observer, const TlsContext& context,
             const TlsOpening& opening = {});

  Taken read(MutableBytes into) override;
  size_t write(Bytes from) override;
  bool broken() const override { return broken_; }
  /// close_notify, then FIN.
  bool finish() override;
  /// RST, or FIN without close_notify: what a process that is killed leaves.
  void cut() override;
  void close() override { end_.close(); }
  const ProxyHeader* proxy_header() const override { return reader_.header(); }

  bool handshaken() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string sni() const;                 // servers: as asked for
  std::string alpn() const;                // as agreed
  std::string peer_common_name() const;    // of the other side's certificate; empty: none
  int alert_received() const { return alert_received_; }  // 112 ...; -1: none but close_notify

 private:
  bool shake_hands();
  void pump_in();
  void pump_out();
  void queue_hello(Bytes wire);
  uint64_t consumed() const;
  static void on_info(const SSL* ssl, int where, int value);

  Network& network_;
  End& end_;
  Observer& observer_;
  SslPtr ssl_;
  bool server_;
  TlsOpening opening_;
  ProxyHeaderReader reader_;
  ByteQueue outgoing_;
  Writes sent_;                 // the records that were read last
  bool hello_sent_ = false;
  bool dripping_ = false;
  bool notified_ = false;       // close_notify is in outgoing_ or further
  bool wire_ended_ = false;     // FIN has come
  bool wire_broken_ = false;    // RST has come
  bool broken_ = false;
  int alert_received_ = -1;
};

}  // namespace sallyport::sim
