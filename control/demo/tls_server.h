// TLS for the demo's backends.
#pragma once

#include <memory>
#include <string>

#include "control/demo/byte_stream.h"
#include "control/pki/certificate_authority.h"
#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// What a backend learned in the handshake.
struct TlsSeen {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string server_name;         // the SNI; empty: none
  std::string client_certificate;  // its subject, "CN=x"; empty: none was shown
  bool resumed = false;
};

/// Immutable; shared by threads.
class TlsServer {
 public:
  /// Shows the secret's certificate; asks for a client certificate of the secret's ca.crt and goes
  /// on without one, but not with one that does not verify.
  static Result<TlsServer> make(const IssuedSecret& secret);

  /// The handshake; null: it failed, or the deadline passed.
  std::unique_ptr<ByteStream> accept(int descriptor, ByteStream::Clock::time_point deadline,
                                     TlsSeen& seen) const;

 private:
  explicit TlsServer(SslCtxPtr context) : context_(std::move(context)) {}

  SslCtxPtr context_;
};

}  // namespace sallyport
