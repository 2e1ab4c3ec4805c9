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

TlsContext::TlsContext(TlsOptions options)
    : options_(std::move(options)),
      context_(SSL_CTX_new(options_.server ? TLS_server_method() : TLS_client_method())) {
  SSL_CTX* context = context_.get();
  CHECK(context != nullptr);
  for (const std::string& name : options_.alpn) {
    alpn_wire_.push_back(static_cast<unsigned char>(name.size()));
    alpn_wire_.insert(alpn_wire_.end(), name.begin(), name.end());
  }
  if (options_.identity) use_identity(context, *options_.identity);
  if (options_.trusts) trust(context, *options_.trusts, options_.server);
  if (options_.version != 0) {
    SSL_CTX_set_min_proto_version(context, options_.version);
    SSL_CTX_set_max_proto_version(context, options_.version);
  }
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (options_.server) {
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, this);
    // Without this the name is not kept in the session, and a resumed TLS 1.2 session has none.
    int (*accept_name)(SSL*, int*, void*) = [](SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; };
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(accept_name));
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("sim"), 3);
  }
}

SslPtr TlsContext::new_ssl() const {
  SslPtr made(SSL_new(context_.get()));
  SSL* ssl = made.get();
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (options_.server) {
    SSL_set_accept_state(ssl);
    return made;
  }
  SSL_set_connect_state(ssl);
  if (!options_.name.empty()) {
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(options_.name.c_str()));  // what its macro does, without old casts
  }
  if (options_.trusts) SSL_set1_host(ssl, options_.name.c_str());
  if (!alpn_wire_.empty()) {
    SSL_set_alpn_protos(ssl, alpn_wire_.data(), static_cast<unsigned>(alpn_wire_.size()));
  }
  return made;
}

int TlsContext::choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                            const unsigned char* in, unsigned in_size, void* self) {
  const auto& own = static_cast<TlsContext*>(self)->alpn_wire_;
  unsigned char* chosen = nullptr;
  if (own.empty() || SSL_select_next_proto(&chosen, out_size, own.data(),
                                           static_cast<unsigned>(own.size()), in,
                                           in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

TlsChannel::TlsChannel(Network& network, End& end, Observer& observer, const TlsContext& context,
                       const TlsOpening& opening)
    : network_(network),
      end_(end),
      observer_(observer),
      ssl_(context.new_ssl()),
      server_(context.options().server),
      opening_(opening),
      reader_(opening.opening.expects_proxy_header) {
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_info_callback(ssl_.get(), on_info);
  outgoing_.append(opening.opening.preamble);
}

void TlsChannel::on_info(const SSL* ssl, int where, int value) {
  if (where != SSL_CB_READ_ALERT || (value & 0xff) == SSL_AD_CLOSE_NOTIFY) return;
  static_cast<TlsChannel*>(SSL_get_app_data(ssl))->alert_received_ = value & 0xff;
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

// Of what has come over the wire; OpenSSL takes record by record.
uint64_t TlsChannel::consumed() const {
  return end_.taken() - static_cast<uint64_t>(BIO_pending(SSL_get_rbio(ssl_.get())));
}

// The first record of a client holds its hello and nothing else; its handshake message may be
// spread over as many records as one likes (RFC 8446 section 5.1).
void TlsChannel::queue_hello(Bytes wire) {
  CHECK(wire.size() > kRecordHeader && wire[0] == kHandshakeRecord);
  Bytes message = wire.subspan(kRecordHeader);
  size_t pieces = std::min(opening_.hello_records, message.size());
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
    if (!server_ && !std::exchange(hello_sent_, true)) {
      queue_hello(wire);
    } else {
      outgoing_.append(wire);
    }
  }
  while (!outgoing_.empty() && !dripping_ && !broken_) {
    Bytes piece = outgoing_.view();
    if (opening_.drips > 0) piece = piece.first(1);
    IoResult r = end_.write(piece);
    if (r.kind == Io::Failed) broken_ = true;
    if (r.kind != Io::Ok) return;
    outgoing_.drop(r.bytes);
    if (opening_.drips == 0) continue;
    --opening_.drips;
    dripping_ = true;
    network_.after(opening_.drip_pause, [this] {
      dripping_ = false;
      if (end_.held()) observer_.on_wake();
    });
  }
}

bool TlsChannel::shake_hands() {
  if (!reader_.done()) {
    Got got = reader_.read(end_);
    if (got == Got::Cut) broken_ = true;
    if (got != Got::Bytes) return false;
  }
  if (!handshaken()) {
    pump_in();
    ERR_clear_error();
    int result = SSL_do_handshake(ssl_.get());
    if (result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL) {
      pump_out();  // the alert
      broken_ = true;
    }
    ERR_clear_error();  // which is the proxy's as well
  }
  pump_out();
  return handshaken();
}

Channel::Taken TlsChannel::read(MutableBytes into) {
  if (!shake_hands()) return {broken_ || wire_ended_ ? Got::Cut : Got::Nothing};
  pump_in();
  ERR_clear_error();
  uint64_t before = consumed();
  size_t got = 0;
  int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
  if (consumed() > before) sent_ = end_.writes_of(before, consumed());
  pump_out();  // an answer to a KeyUpdate
  if (result == 1) return {Got::Bytes, got, sent_};
  int why = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();  // which is the proxy's as well
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
  ERR_clear_error();
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
