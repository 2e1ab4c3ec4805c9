// OpenSSL contexts for the load generator's clients and the test backend.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

namespace sallyport::bench {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;
using SslContextPtr = std::unique_ptr<SSL_CTX, SslFree>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, SslFree>;

/// What both sides can be told. An empty string leaves a matter to OpenSSL.
struct TlsSettings {
  std::string certificate, key;  // PEM files; the certificate's may hold the chain
  std::string ca;                // PEM file; the peer must then show a certificate of this CA
  std::string min_version, max_version;  // "1.2", "1.3"
  std::string ciphers;           // of TLS 1.2, as OpenSSL writes lists
  std::string ciphersuites;      // of TLS 1.3
  std::vector<std::string> alpn;  // in order of preference
};

/// Throws std::runtime_error naming the file or value that is wrong.
SslContextPtr client_context(const TlsSettings& settings);
/// The same; a client whose ALPN offer has nothing of `alpn` is refused.
SslContextPtr server_context(const TlsSettings& settings);

/// The oldest error that OpenSSL noted on this thread, in words; empties the queue.
std::string openssl_error();

}  // namespace sallyport::bench
