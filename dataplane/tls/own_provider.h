// What our TLS contexts take from a provider of OpenSSL's that is part of this program.
#pragma once

#include <openssl/core_dispatch.h>

namespace sallyport {

inline constexpr char kOwnProperties[] = "provider=sallyport,sallyport.tls=yes";

/// What SSL_CTX_new_ex() is to be asked for, so that OpenSSL has the secrets of TLS 1.3 derived by
/// key_schedule.h, and keys of X25519 made by key_share.h; all else is of whom it is otherwise.
/// Null: OpenSSL does it by itself, because whoever configured it has chosen another provider than
/// its default one (FIPS), or because it takes none from us. Any thread.
const char* own_provider_query();

template <class Function>
OSSL_DISPATCH provider_function(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

}  // namespace sallyport
