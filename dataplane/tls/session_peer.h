// The certificate that OpenSSL keeps in a session.
#pragma once

#include "dataplane/tls/openssl.h"

namespace sallyport {

/// Takes the peer's certificate out of the session: in a ticket it would be decoded twice for each
/// connection, once when it comes and once when the next is made, which in OpenSSL 3.0 is half of
/// all the instructions of a resumed handshake. Whoever needs it keeps it elsewhere.
/// False: the session is broken, and so must be what it belongs to.
/// REQUIRES: `session` is in no cache, and its handshake needs the certificate no more.
bool forget_peer(SSL_SESSION* session);

}  // namespace sallyport
