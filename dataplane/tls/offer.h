// Which ciphers and groups handshakes are about: the default ones, and those that are configured.
#pragma once

#include "dataplane/model/config.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// Complains about every cipher and group that this machine's OpenSSL does not have, or that keeps
/// nothing secret: without authentication, encryption or forward secrecy. False: there is one.
bool check_offer(const TlsOffer& offer, Problems& problems);
/// The same for all sites and services.
void check_offers(const Config& config, Problems& problems);

/// Mozilla's "intermediate" where `offer` is silent. REQUIRES: check_offer() has nothing
/// to complain about.
void apply_offer(SSL_CTX* context, const TlsOffer& offer);

/// Whether certificates with RSA keys, or else with others, can be shown in TLS 1.2.
bool offers_tls_1_2_for(const TlsOffer& offer, bool rsa);

}  // namespace sallyport
