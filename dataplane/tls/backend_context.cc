#include "dataplane/tls/backend_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "dataplane/base/address.h"
#include "dataplane/tls/own_provider.h"
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

bool has_uri(X509* leaf, const std::string& uri) {
  auto* sans = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  bool found = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(sans); ++i) {
    const GENERAL_NAME* san = sk_GENERAL_NAME_value(sans, i);
    if (san->type != GEN_URI) continue;
    const ASN1_IA5STRING* text = san->d.uniformResourceIdentifier;
    found |= uri == std::string_view(
                        reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                        static_cast<size_t>(ASN1_STRING_length(text)));
  }
  GENERAL_NAMES_free(sans);
  return found;
}

bool is_for(X509* leaf, const BackendName& name) {
  constexpr unsigned kFlags =
      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  switch (name.kind) {
    case BackendName::Kind::Dns:
      return X509_check_host(leaf, name.text.data(), name.text.size(), kFlags, nullptr) == 1;
    case BackendName::Kind::Ip: return X509_check_ip_asc(leaf, name.text.c_str(), kFlags) == 1;
    case BackendName::Kind::Uri: return has_uri(leaf, name.text);
  }
  return false;
}

// What a secret has must go together, or something would silently not be checked.
Result<void> check_keys(const BackendTls& policy, const SecretData& secret) {
  if (secret.ca_crt.empty() && secret.tls_crt.empty()) {
    return Error{"the secret has neither ca.crt (whom to believe) nor tls.crt (what to show)"};
  }
  if (secret.tls_crt.empty() != secret.tls_key.empty()) {
    return Error{std::string("the secret has tls.") + (secret.tls_crt.empty() ? "key" : "crt") +
                 " without tls." + (secret.tls_crt.empty() ? "crt" : "key")};
  }
  if (policy.verify == VerifyBackend::None) return {};
  if (!secret.ca_crl.empty() && secret.ca_crt.empty()) {
    return Error{"the secret has ca.crl without ca.crt, whose certificates it revokes"};
  }
  if (secret.ca_crl.empty() && policy.crl_check != CrlCheck::Auto) {
    return Error{"no ca.crl, which crl_check asks for: nothing would say who was revoked"};
  }
  return {};
}

}  // namespace

HandshakePolicy BackendContext::handshake_of(const BackendTls& policy) {
  return {policy.min_tls, policy.max_tls, policy.offer};
}

std::string BackendContext::key(const BackendTls& policy, const SecretData* secret) {
  std::string alpn_text, names_text;
  for (const std::string& protocol : policy.alpn) alpn_text += protocol + ",";
  for (const BackendName& n : policy.names) names_text += n.text + " ";
  static const SecretData none;
  const SecretData& s = secret ? *secret : none;
  return content_hash({std::to_string(static_cast<int>(policy.verify)),
                       handshake_of(policy).key(), policy.name, names_text,
                       std::to_string(policy.depth), sallyport::name(policy.crl_check), alpn_text,
                       sallyport::name(policy.kernel_tls.value_or(KernelTls::Off)),
                       secret ? "secret" : "system", s.tls_crt, s.tls_key, s.ca_crt, s.ca_crl});
}

Result<std::shared_ptr<const BackendContext>> BackendContext::make(const BackendTls& policy,
                                                                   const SecretData* secret,
                                                                   size_t workers) {
  auto made = std::make_shared<BackendContext>(workers);
  made->context_.reset(SSL_CTX_new_ex(nullptr, own_provider_query(), TLS_client_method()));
  made->verify_ = policy.verify;
  made->names_ = policy.names;
  made->kernel_tls_ = policy.kernel_tls.value_or(KernelTls::Off);
  SSL_CTX* context = made->context_.get();
  apply_policy(context, handshake_of(policy));
  SSL_CTX_set_session_cache_mode(context,
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  if (!policy.alpn.empty()) {
    std::string wire = alpn_wire(policy.alpn);
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }
  if (secret) {
    if (Result<void> keys = check_keys(policy, *secret); !keys) return keys.error();
    if (!secret->tls_crt.empty()) {
      auto own = Certificate::parse(secret->tls_crt, secret->tls_key);
      if (!own) return own.error();
      if (!(*own)->use_in(context)) return Error{"tls.crt cannot be used: " + take_openssl_error()};
      made->own_until_ = (*own)->facts().not_after;
    }
  }
  if (policy.verify != VerifyBackend::None) {
    if (secret && !secret->ca_crt.empty()) {
      Result<X509StorePtr> authorities = parse_authorities(secret->ca_crt, secret->ca_crl);
      if (!authorities) return authorities.error();
      SSL_CTX_set1_cert_store(context, authorities->get());
      if (!secret->ca_crl.empty()) made->lists_until_ = first_list_to_expire(authorities->get());
    } else {
      SSL_CTX_set1_cert_store(context, system_authorities());
    }
    made->verify_by(policy, secret && !secret->ca_crl.empty());
  }
  ERR_clear_error();
  return std::shared_ptr<const BackendContext>(std::move(made));
}

void BackendContext::verify_by(const BackendTls& policy, bool revocation) {
  X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(context_.get());
  X509_VERIFY_PARAM_set_depth(rules, policy.depth);
  if (revocation) {
    bool all = policy.crl_check != CrlCheck::Leaf;
    X509_VERIFY_PARAM_set_flags(rules,
                                X509_V_FLAG_CRL_CHECK | (all ? X509_V_FLAG_CRL_CHECK_ALL : 0));
  }
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  if (!names_.empty()) SSL_CTX_set_cert_verify_callback(context_.get(), on_certificate, this);
}

int BackendContext::on_certificate(X509_STORE_CTX* store, void* context) {
  if (X509_verify_cert(store) != 1) return 0;
  const auto& self = *static_cast<const BackendContext*>(context);
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  for (const BackendName& n : self.names_) {
    if (is_for(leaf, n)) return 1;
  }
  ERR_clear_error();
  X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

int BackendContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<SslSessionPtr*>(SSL_get_app_data(ssl))->reset(session);
  return 1;  // the reference is ours now
}

// Each session brings the next, so that a backend's certificate might be looked at only once: what
// time has made of it since, a full handshake has to find.
bool BackendContext::still_good(const SSL_SESSION* session, std::time_t now) const {
  if (verify_ == VerifyBackend::None) return true;
  if (lists_until_ && now >= *lists_until_) return false;
  const X509* leaf = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session));
  return leaf && now < seconds_of(X509_get0_notAfter(leaf));
}

SslPtr BackendContext::new_ssl(const std::string& name, size_t worker, bool http1_only) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || name.empty()) return nullptr;
  bool is_ip = Address::parse_ip(name).has_value();
  if (!is_ip && SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                         const_cast<char*>(name.c_str())) != 1) {
    return nullptr;
  }
  if (verify_ == VerifyBackend::Full && names_.empty()) {
    X509_VERIFY_PARAM* check = SSL_get0_param(ssl.get());
    X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    int set = is_ip ? X509_VERIFY_PARAM_set1_ip_asc(check, name.c_str())
                    : X509_VERIFY_PARAM_set1_host(check, name.data(), name.size());
    if (set != 1) return nullptr;
  }
  if (http1_only) {
    std::string wire = alpn_wire({"http/1.1"});
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned int>(wire.size()));
  }
  SslSessionPtr& session = sessions_.of(worker)[name];
  SSL_set_app_data(ssl.get(), &session);
  if (session && !still_good(session.get(), std::time(nullptr))) session.reset();
  if (session) {
    // A copy: OpenSSL marks a session that a connection is using, and the next would not resume.
    SslSessionPtr copy(SSL_SESSION_dup(session.get()));
    SSL_set_session(ssl.get(), copy.get());
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace sallyport
