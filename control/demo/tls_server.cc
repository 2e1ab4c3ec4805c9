#include "control/demo/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>

#include "dataplane/tls/certificate.h"
#include "dataplane/tls/policy.h"

namespace sallyport {
namespace {

class TlsStream : public ByteStream {
 public:
  TlsStream(int descriptor, SslPtr ssl) : ByteStream(descriptor), ssl_(std::move(ssl)) {}

  bool handshake() {
    return repeat([this] { return SSL_accept(ssl_.get()); }) > 0;
  }

  size_t read(std::span<char> into) override {
    const int most = static_cast<int>(std::min<size_t>(into.size(), INT_MAX));
    const int n = repeat([&] { return SSL_read(ssl_.get(), into.data(), most); });
    return n > 0 ? static_cast<size_t>(n) : 0;
  }

  bool write(std::string_view text) override {
    const int size = static_cast<int>(text.size());
    return size == 0 || repeat([&] { return SSL_write(ssl_.get(), text.data(), size); }) == size;
  }

  void finish() override {
    if (!failed_) SSL_shutdown(ssl_.get());
    ::shutdown(descriptor(), SHUT_WR);
  }

  TlsSeen seen() const {
    TlsSeen seen;
    seen.version = SSL_get_version(ssl_.get());
    seen.cipher = SSL_get_cipher_name(ssl_.get());
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    if (name != nullptr) seen.server_name = name;
    seen.client_certificate = client_subject();
    seen.resumed = SSL_session_reused(ssl_.get()) == 1;
    return seen;
  }

 private:
  /// Calls until it moves on; what it last returned, or 0 when the deadline passed.
  template <class Call>
  int repeat(Call&& call) {
    for (;;) {
      ERR_clear_error();
      const int n = call();
      if (n > 0) return n;
      const int error = SSL_get_error(ssl_.get(), n);
      const bool blocked = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
      // After a failure OpenSSL allows no further call, not even the goodbye (SSL_shutdown(3)).
      failed_ = error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
      if (!blocked || !wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return 0;
    }
  }

  std::string client_subject() const {
    X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return {};
    BioPtr text(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    return std::string(data, static_cast<size_t>(size));
  }

  SslPtr ssl_;
  bool failed_ = false;
};

}  // namespace

Result<TlsServer> TlsServer::make(const IssuedSecret& secret) {
  auto certificate = Certificate::parse(secret.tls_crt, secret.tls_key.view());
  if (!certificate) return certificate.error();
  Result<X509StorePtr> authorities = parse_authorities(secret.ca_crt, {});
  if (!authorities) return authorities.error();
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return Error{"cannot make a TLS server: " + take_openssl_error()};
  apply_policy(context.get(), {});
  if (!(*certificate)->use_in(context.get())) {
    return Error{"cannot use the backend's certificate: " + take_openssl_error()};
  }
  SSL_CTX_set1_cert_store(context.get(), authorities->get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // Without one, OpenSSL refuses to resume the sessions of those who showed a certificate.
  const unsigned char id[] = "sallyport demo";
  SSL_CTX_set_session_id_context(context.get(), id, sizeof id - 1);
  return TlsServer(std::move(context));
}

std::unique_ptr<ByteStream> TlsServer::accept(int descriptor,
                                              ByteStream::Clock::time_point deadline,
                                              TlsSeen& seen) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || SSL_set_fd(ssl.get(), descriptor) != 1) return nullptr;
  auto stream = std::make_unique<TlsStream>(descriptor, std::move(ssl));
  stream->set_deadline(deadline);
  if (!stream->handshake()) return nullptr;
  seen = stream->seen();
  return stream;
}

}  // namespace sallyport
