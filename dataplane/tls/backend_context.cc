#include "dataplane/tls/backend_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "dataplane/base/address.h"
#include "dataplane/tls/policy.h"

namespace sallyport {

namespace {

// Without a ca.crt the machine's own authorities are believed; their bundle is parsed once.
X509_STORE* system_authorities() {
  static X509_STORE* store = [] {
    X509_STORE* made = X509_STORE_new();
    X509_STORE_set_default_paths(made);
    ERR_clear_error();
    return made;
  }();
  return store;
}

}  // namespace

std::string BackendContext::key(const BackendTls& policy, const SecretData* secret) {
  std::string alpn_text;
  for (const std::string& protocol : policy.alpn) alpn_text += protocol + ",";
  static const SecretData none;
  const SecretData& s = secret ? *secret : none;
  return content_hash({std::to_string(static_cast<int>(policy.verify)),
                       std::to_string(static_cast<int>(policy.min_tls)), policy.name, alpn_text,
                       secret ? "secret" : "system", s.tls_crt, s.tls_key, s.ca_crt, s.ca_crl});
}

Result<std::shared_ptr<const BackendContext>> BackendContext::make(const BackendTls& policy,
                                                                   const SecretData* secret,
                                                                   size_t workers) {
  auto made = std::make_shared<BackendContext>(workers);
  made->context_.reset(SSL_CTX_new(TLS_client_method()));
  made->verify_ = policy.verify;
  SSL_CTX* context = made->context_.get();
  apply_policy(context, policy.min_tls);
  SSL_CTX_set_session_cache_mode(context,
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  if (!policy.alpn.empty()) {
    std::string wire = alpn_wire(policy.alpn);
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }
  if (secret) {
    if (secret->ca_crt.empty() && secret->tls_crt.empty()) {
      return Error{"the secret has neither ca.crt (whom to believe) nor tls.crt (what to show)"};
    }
    if (secret->tls_crt.empty() != secret->tls_key.empty()) {
      return Error{std::string("the secret has tls.") + (secret->tls_crt.empty() ? "key" : "crt") +
                   " without tls." + (secret->tls_crt.empty() ? "crt" : "key")};
    }
    if (!secret->tls_crt.empty()) {
      auto own = Certificate::parse(secret->tls_crt, secret->tls_key);
      if (!own) return own.error();
      if (!(*own)->use_in(context)) return Error{"tls.crt cannot be used: " + take_openssl_error()};
    }
  }
  if (policy.verify != VerifyBackend::None) {
    if (secret && !secret->ca_crt.empty()) {
      Result<X509StorePtr> authorities = parse_authorities(secret->ca_crt, secret->ca_crl);
      if (!authorities) return authorities.error();
      SSL_CTX_set1_cert_store(context, authorities->get());
    } else {
      SSL_CTX_set1_cert_store(context, system_authorities());
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  ERR_clear_error();
  return std::shared_ptr<const BackendContext>(std::move(made));
}

int BackendContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<SslSessionPtr*>(SSL_get_app_data(ssl))->reset(session);
  return 1;  // the reference is ours now
}

SslPtr BackendContext::new_ssl(const std::string& name, size_t worker) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || name.empty()) return nullptr;
  bool is_ip = Address::parse_ip(name).has_value();
  if (!is_ip && SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                         const_cast<char*>(name.c_str())) != 1) {
    return nullptr;
  }
  if (verify_ == VerifyBackend::Full) {
    X509_VERIFY_PARAM* check = SSL_get0_param(ssl.get());
    X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    int set = is_ip ? X509_VERIFY_PARAM_set1_ip_asc(check, name.c_str())
                    : X509_VERIFY_PARAM_set1_host(check, name.data(), name.size());
    if (set != 1) return nullptr;
  }
  SslSessionPtr& session = sessions_.of(worker)[name];
  SSL_set_app_data(ssl.get(), &session);
  if (session) {
    // A copy: OpenSSL marks a session that a connection is using, and the next would not resume.
    SslSessionPtr copy(SSL_SESSION_dup(session.get()));
    SSL_set_session(ssl.get(), copy.get());
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace sallyport
