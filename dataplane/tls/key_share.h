// Keys of X25519 for one handshake, made faster than OpenSSL makes them, with its arithmetic.
#pragma once

#include <openssl/core.h>

namespace sallyport {

/// X25519 for a provider. To make a key, OpenSSL 3 multiplies the base point in plain C, which
/// takes half as long again as its multiplication of any other point, written for the processor.
/// Here the latter multiplies the base point, too: RFC 7748 section 6.1. All else of keys and their
/// exchange is passed on to OpenSSL's default provider, whose context is wanted with each call.
struct KeyShares {
  const OSSL_ALGORITHM* keys;      // of OSSL_OP_KEYMGMT
  const OSSL_ALGORITHM* exchange;  // of OSSL_OP_KEYEXCH
  void* context;
};

/// Null: OpenSSL takes X25519 from another provider, or what is made here is not what is made
/// there. The first call comes before there is a provider of ours. Any thread.
const KeyShares* key_shares();

/// Names the group, if `capability` is that of groups: TLS takes keys from who does. As a
/// provider's get_capabilities(). REQUIRES: key_shares() is not null.
int name_key_share_group(const char* capability, OSSL_CALLBACK* each, void* argument);

}  // namespace sallyport
