#include "dataplane/tls/cipher_list.h"

#include <openssl/err.h>

#include "dataplane/model/complain.h"
#include "dataplane/tls/offer.h"

namespace sallyport {

namespace {

bool is_good(const TlsOffer& offer) {
  Problems problems;
  return check_offer(offer, problems);
}

TlsOffer one_cipher(const std::string& name) {
  TlsOffer offer;
  offer.ciphers.push_back({name, {}});
  return offer;
}

}  // namespace

Result<std::vector<std::string>> cipher_names(const std::string& list) {
  SslCtxPtr context(SSL_CTX_new(TLS_method()));
  bool known = SSL_CTX_set_cipher_list(context.get(), list.c_str()) == 1;
  ERR_clear_error();
  std::vector<std::string> names;
  STACK_OF(SSL_CIPHER)* all = known ? SSL_CTX_get_ciphers(context.get()) : nullptr;
  for (int i = 0; all && i < sk_SSL_CIPHER_num(all); ++i) {
    std::string name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i));
    // Those of TLS 1.3 are always in, and not what such a list is about.
    if (!name.starts_with("TLS_") && is_good(one_cipher(name))) names.push_back(name);
  }
  if (names.empty()) {
    return Error{in_quotes(list) + " has no cipher that OpenSSL knows and that keeps a secret"};
  }
  return names;
}

Result<std::vector<std::string>> group_names(const std::string& list) {
  TlsOffer offer;
  std::vector<std::string> names;
  for (size_t at = 0; at <= list.size();) {
    size_t end = std::min(list.find(':', at), list.size());
    names.push_back(list.substr(at, end - at));
    offer.groups.push_back({names.back(), {}});
    at = end + 1;
  }
  if (is_good(offer)) return names;
  return Error{in_quotes(list) + " has a group that OpenSSL does not know"};
}

}  // namespace sallyport
