// What both ends of a TLS connection within one test are made of.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "dataplane/tls/openssl.h"

namespace sallyport {

/// For one version of TLS; `query` is what its algorithms are looked for with.
inline SslCtxPtr context_of(const SSL_METHOD* method, int version, const char* query = nullptr) {
  SslCtxPtr context(SSL_CTX_new_ex(nullptr, query, method));
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  return context;
}

inline void show_self_signed(SSL_CTX* context) {
  EvpPkeyPtr key(EVP_EC_gen("P-256"));
  X509Ptr leaf(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(leaf.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(leaf.get()), 3600);
  X509_set_pubkey(leaf.get(), key.get());
  ASSERT_GT(X509_sign(leaf.get(), key.get(), EVP_sha256()), 0);
  ASSERT_EQ(SSL_CTX_use_certificate(context, leaf.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context, key.get()), 1);
}

}  // namespace sallyport
