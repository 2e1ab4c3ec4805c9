#include "dataplane/tls/server_context.h"

#include <openssl/err.h>

#include "dataplane/tls/policy.h"

namespace sallyport {

namespace {

// OpenSSL asks for the certificate when it needs one, which a resumed handshake does not.
int choose_certificates(SSL* ssl, void*) {
  auto* certificates =
      static_cast<const std::vector<std::shared_ptr<const Certificate>>*>(SSL_get_app_data(ssl));
  for (const auto& certificate : *certificates) {
    if (!certificate->use_in(ssl)) return 0;
  }
  return 1;
}

// The verdict stays in the SSL (and in its session): the answer to it comes later.
int note_verdict(int, X509_STORE_CTX*) { return 1; }

int accept_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void* wire) {
  auto* ours = static_cast<const std::string*>(wire);
  unsigned char* chosen = nullptr;
  int found = SSL_select_next_proto(&chosen, out_size,
                                    reinterpret_cast<const unsigned char*>(ours->data()),
                                    static_cast<unsigned>(ours->size()), in, in_size);
  // RFC 7301 section 3.2: nothing in common is fatal, no_application_protocol.
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string ServerPolicy::key() const {
  std::string alpn_text;
  for (const std::string& protocol : alpn) alpn_text += protocol + ",";
  return content_hash({std::to_string(static_cast<int>(min_tls)), alpn_text,
                       std::to_string(static_cast<int>(verify)), std::to_string(depth), ca_crt,
                       ca_crl, respond ? "respond" : "abort"});
}

Result<std::shared_ptr<const ServerContext>> ServerContext::make(const ServerPolicy& policy) {
  auto made = std::make_shared<ServerContext>();
  made->context_.reset(SSL_CTX_new(TLS_server_method()));
  made->verify_ = policy.verify;
  SSL_CTX* context = made->context_.get();
  apply_policy(context, policy.min_tls);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Sessions live in tickets, which work in every worker; two tickets serve only clients that open
  // connections in parallel, and cost every handshake.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  made->policy_key_ = policy.key();
  // OpenSSL remembers the name in a session only where a callback has accepted it; and accepted it
  // is, as the site was found by it.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(accept_name));
  SSL_CTX_set_cert_cb(context, choose_certificates, nullptr);
  if (!policy.alpn.empty()) {
    made->alpn_wire_ = alpn_wire(policy.alpn);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, &made->alpn_wire_);
  }
  if (policy.verify != VerifyClient::Off) {
    Result<X509StorePtr> authorities = parse_authorities(policy.ca_crt, policy.ca_crl);
    if (!authorities) return authorities.error();
    SSL_CTX_set1_verify_cert_store(context, authorities->get());
    SSL_CTX_set_client_CA_list(context, authority_names(policy.ca_crt));
    int mode = SSL_VERIFY_PEER;
    if (policy.verify == VerifyClient::Required && !policy.respond) {
      mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    SSL_CTX_set_verify(context, mode, policy.respond ? note_verdict : nullptr);
    SSL_CTX_set_verify_depth(context, policy.depth);
  }
  ERR_clear_error();
  return std::shared_ptr<const ServerContext>(std::move(made));
}

std::string ServerContext::session_context(const std::string& site) const {
  return content_hash({policy_key_, site});
}

SslPtr ServerContext::new_ssl(const std::vector<std::shared_ptr<const Certificate>>& certificates,
                              const std::string& session_context) const {
  SslPtr ssl(SSL_new(context_.get()));
  SSL_set_session_id_context(ssl.get(),
                             reinterpret_cast<const unsigned char*>(session_context.data()),
                             static_cast<unsigned>(session_context.size()));
  SSL_set_app_data(ssl.get(),
                   const_cast<std::vector<std::shared_ptr<const Certificate>>*>(&certificates));
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace sallyport
