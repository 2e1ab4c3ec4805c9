#include "dataplane/tls/client_trust.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <time.h>

#include <algorithm>

#include "dataplane/tls/certificate.h"

namespace sallyport {

namespace {

using StoreContext = std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>>;

// All that is wrong with a chain, as far as the verdict needs to know. OpenSSL by itself stops at
// the first fault, and an unknown issuer would then hide that the certificate has expired.
struct Faults {
  int first = X509_V_OK;
  int unforgivable = X509_V_OK;  // the first that has nothing to do with the issuer's being unknown
  bool unknown_issuer = false;

  void add(int error) {
    if (first == X509_V_OK) first = error;
    unknown_issuer |= verdict_of_error(error) == ClientVerdict::UnknownIssuer;
    // Nobody has a list of an issuer whom he does not know.
    bool follows = error == X509_V_ERR_UNABLE_TO_GET_CRL && unknown_issuer;
    if (verdict_of_error(error) == ClientVerdict::UnknownIssuer || follows) return;
    if (unforgivable == X509_V_OK) unforgivable = error;
  }
  // Whoever forgives an unknown issuer forgives nothing else.
  int decisive() const { return unforgivable != X509_V_OK ? unforgivable : first; }
};

int note_fault(int ok, X509_STORE_CTX* context) {
  auto* faults = static_cast<Faults*>(X509_STORE_CTX_get_app_data(context));
  if (!ok) faults->add(X509_STORE_CTX_get_error(context));
  return 1;
}

}  // namespace

std::string ClientTrust::key(std::string_view ca_crt, std::string_view ca_crl, int depth,
                             CrlCheck check) {
  return content_hash({ca_crt, ca_crl, std::to_string(depth), name(check)});
}

Result<std::shared_ptr<const ClientTrust>> ClientTrust::make(std::string_view ca_crt,
                                                             std::string_view ca_crl, int depth,
                                                             CrlCheck check) {
  if (ca_crt.empty()) {
    return Error{"no ca.crt: nothing would say which client certificates to trust"};
  }
  if (ca_crl.empty() && check != CrlCheck::Auto) {
    return Error{"no ca.crl, which crl_check asks for: nothing would say who was revoked"};
  }
  Result<X509StorePtr> store = parse_authorities(ca_crt, ca_crl);
  if (!store) return store.error();
  auto made = std::make_shared<ClientTrust>();
  made->store_ = std::move(*store);
  made->lists_until_ = first_list_to_expire(made->store_.get());
  made->depth_ = depth;
  if (!ca_crl.empty()) {
    made->flags_ = X509_V_FLAG_CRL_CHECK;
    if (check != CrlCheck::Leaf) made->flags_ |= X509_V_FLAG_CRL_CHECK_ALL;
  }
  made->authorities_ = ca_crt;
  made->key_ = key(ca_crt, ca_crl, depth, check);
  return std::shared_ptr<const ClientTrust>(std::move(made));
}

ClientTrust::Finding ClientTrust::check(X509* leaf, STACK_OF(X509)* sent) const {
  StoreContext context(X509_STORE_CTX_new());
  Faults faults;
  if (X509_STORE_CTX_init(context.get(), store_.get(), leaf, sent) == 1 &&
      X509_STORE_CTX_set_default(context.get(), "ssl_client") == 1) {
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_depth(rules, depth_);
    X509_VERIFY_PARAM_set_auth_level(rules, kSecurityLevel);
    X509_VERIFY_PARAM_set_flags(rules, flags_);
    X509_STORE_CTX_set_app_data(context.get(), &faults);
    X509_STORE_CTX_set_verify_cb(context.get(), note_fault);
    bool done = X509_verify_cert(context.get()) == 1;
    if (!done && faults.first == X509_V_OK) {
      int error = X509_STORE_CTX_get_error(context.get());
      faults.add(error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED);
    }
  } else {
    faults.add(X509_V_ERR_OUT_OF_MEM);
  }
  ERR_clear_error();
  if (faults.first == X509_V_OK) {
    std::time_t until = lists_until_;
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context.get());
    for (int i = 0; i < sk_X509_num(chain); ++i) {
      until = std::min(until, seconds_of(X509_get0_notAfter(sk_X509_value(chain, i))));
    }
    return {ClientVerdict::Good, {}, until};
  }
  int error = faults.decisive();
  return {verdict_of_error(error), X509_verify_cert_error_string(error)};
}

}  // namespace sallyport
