#include "tests/sim/tls_channel.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"

namespace sallyport::sim {

namespace {

constexpr size_t kRecordHeader = 5;
constexpr uint8_t kHandshakeRecord = 22;

void use_identity(SSL_CTX* context, const Identity& identity) {
  CHECK(SSL_CTX_use_certificate(context, identity.certificate.get()) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1);
}

void trust(SSL_CTX* context, const Authority& authority, bool server) {
  CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.certificate()) == 1);
  int mode = SSL_VERIFY_PEER | (server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
  SSL_CTX_set_verify(context, mode, nullptr);
}

}  // namespace

TlsChannel::TlsChannel(Network& network, End& end, Observer& observer, const TlsOptions& options)
    : network_(network),
      end_(end),
      observer_(observer),
      options_(options),
      context_(SSL_CTX_new(options.server ? TLS_server_method() : TLS_client_method())),
      drips_left_(options.drips) {
  SSL_CTX* context = context_.get();
  CHECK(context != nullptr);
  for (const std::string& name : options.alpn) {
    alpn_wire_.push_back(static_cast<unsigned char>(name.size()));
    alpn_wire_.insert(alpn_wire_.end(), name.begin(), name.end());
  }
  if (options.identity) use_identity(context, *options.identity);
  if (options.trusts) trust(context, *options.trusts, options.server);
  if (options.version != 0) {
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
  }
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_info_callback(context, on_info);
  if (options.server) SSL_CTX_set_alpn_select_cb(context, choose_alpn, this);

  ssl_.reset(SSL_new(context));
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (options.server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    if (!options.name.empty()) {
      SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(options.name.c_str()));  // what its macro does, without old casts
    }
    if (options.trusts) SSL_set1_host(ssl_.get(), options.name.c_str());
    if (!alpn_wire_.empty()) {
      SSL_set_alpn_protos(ssl_.get(), alpn_wire_.data(), static_cast<unsigned>(alpn_wire_.size()));
    }
  }
  outgoing_.append(options.preamble);
}

TlsChannel::~TlsChannel() = default;

void TlsChannel::on_info(const SSL* ssl, int where, int value) {
  if (where != SSL_CB_READ_ALERT || (value & 0xff) == SSL_AD_CLOSE_NOTIFY) return;
  static_cast<TlsChannel*>(SSL_get_app_data(ssl))->alert_received_ = value & 0xff;
}

int TlsChannel::choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                            const unsigned char* in, unsigned in_size, void* self) {
  const auto& own = static_cast<TlsChannel*>(self)->alpn_wire_;
  unsigned char* chosen = nullptr;
  if (own.empty() || SSL_select_next_proto(&chosen, out_size, own.data(),
                                           static_cast<unsigned>(own.size()), in,
                                           in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void TlsChannel::pump_in() {
  std::array<uint8_t, 16 * 1024> buffer;
  // A little at a time, so that backpressure works through TLS as well.
  while (!wire_ended_ && !wire_broken_ && BIO_pending(SSL_get_rbio(ssl_.get())) < 32 * 1024) {
    IoResult r = end_.read(buffer);
    if (r.kind == Io::Blocked) return;
    if (r.kind == Io::Ok) {
      BIO_write(SSL_get_rbio(ssl_.get()), buffer.data(), static_cast<int>(r.bytes));
    } else if (r.kind == Io::End && end_.fin_arrived()) {
      wire_ended_ = true;
    } else {
      wire_broken_ = broken_ = true;
    }
  }
}

// The first record of a client holds its hello and nothing else; its handshake message may be
// spread over as many records as one likes (RFC 8446 section 5.1).
void TlsChannel::queue_hello(Bytes wire) {
  CHECK(wire.size() > kRecordHeader && wire[0] == kHandshakeRecord);
  Bytes message = wire.subspan(kRecordHeader);
  size_t pieces = std::min(options_.hello_records, message.size());
  for (size_t left = pieces; left > 0; --left) {
    size_t most = message.size() - (left - 1);
    size_t n = left == 1 ? message.size() : network_.random().size_between(1, most);
    uint8_t header[kRecordHeader] = {wire[0], wire[1], wire[2], static_cast<uint8_t>(n >> 8),
                                     static_cast<uint8_t>(n)};
    outgoing_.append(header);
    outgoing_.append(message.first(n));
    message = message.subspan(n);
  }
}

void TlsChannel::pump_out() {
  BIO* bio = SSL_get_wbio(ssl_.get());
  if (size_t pending = static_cast<size_t>(BIO_pending(bio)); pending > 0) {
    std::vector<uint8_t> wire(pending);
    CHECK(BIO_read(bio, wire.data(), static_cast<int>(pending)) == static_cast<int>(pending));
    if (!options_.server && !std::exchange(hello_sent_, true)) {
      queue_hello(wire);
    } else {
      outgoing_.append(wire);
    }
  }
  while (!outgoing_.empty() && !dripping_ && !broken_) {
    Bytes piece = outgoing_.view();
    if (drips_left_ > 0) piece = piece.first(1);
    IoResult r = end_.write(piece);
    if (r.kind == Io::Failed) broken_ = true;
    if (r.kind != Io::Ok) return;
    outgoing_.drop(r.bytes);
    if (drips_left_ == 0) continue;
    --drips_left_;
    dripping_ = true;
    network_.after(options_.drip_pause, [this] {
      dripping_ = false;
      if (end_.held()) observer_.on_wake();
    });
  }
}

bool TlsChannel::shake_hands() {
  if (!handshaken()) {
    pump_in();
    ERR_clear_error();
    int result = SSL_do_handshake(ssl_.get());
    if (result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL) {
      pump_out();  // the alert
      broken_ = true;
    }
  }
  pump_out();
  return handshaken();
}

Channel::Taken TlsChannel::read(MutableBytes into) {
  if (!shake_hands()) return {broken_ || wire_ended_ ? Got::Cut : Got::Nothing};
  pump_in();
  ERR_clear_error();
  size_t got = 0;
  int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
  pump_out();  // an answer to a KeyUpdate
  if (result == 1) return {Got::Bytes, got};
  int why = SSL_get_error(ssl_.get(), result);
  if (why == SSL_ERROR_ZERO_RETURN) return {Got::End};
  bool wants = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  if (!wants) broken_ = true;
  return {!wants || wire_ended_ || wire_broken_ ? Got::Cut : Got::Nothing};
}

size_t TlsChannel::write(Bytes from) {
  if (!shake_hands() || !outgoing_.empty()) return 0;
  size_t put = 0;
  ERR_clear_error();
  int result = SSL_write_ex(ssl_.get(), from.data(), from.size(), &put);
  if (result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL) broken_ = true;
  pump_out();
  return result == 1 ? put : 0;
}

bool TlsChannel::finish() {
  if (!shake_hands()) return false;
  if (!std::exchange(notified_, true)) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  pump_out();
  if (!outgoing_.empty() || broken_) return false;
  end_.shutdown_write();
  return true;
}

void TlsChannel::cut() {
  if (handshaken() && !broken_ && network_.random().coin()) {
    end_.close();
  } else {
    end_.reset();
  }
}

void TlsChannel::close() { end_.close(); }

std::string TlsChannel::sni() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name ? name : "";
}

std::string TlsChannel::alpn() const {
  const unsigned char* data = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &data, &size);
  return {data, data + size};
}

std::string TlsChannel::peer_common_name() const {
  X509Ptr certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (!certificate) return "";
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                            sizeof name);
  return name;
}

}  // namespace sallyport::sim
