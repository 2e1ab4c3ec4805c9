#include "dataplane/tls/server_context.h"

#include <openssl/err.h>

#include <set>

#include "dataplane/tls/client_proof.h"
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

// The subjects of all authorities, for the CertificateRequest; each once. The caller's.
STACK_OF(X509_NAME)* names_of_all(const ServerPolicy& policy) {
  std::set<std::string> authorities;
  if (policy.client) authorities.insert(policy.client->trust->authorities());
  for (const ClientDemandPtr& demand : policy.route_clients) {
    authorities.insert(demand->trust->authorities());
  }
  std::string all;
  for (const std::string& pem : authorities) all += pem + "\n";
  return authority_names(all);
}

}  // namespace

std::string ServerPolicy::key() const {
  std::string alpn_text;
  for (const std::string& protocol : alpn) alpn_text += protocol + ",";
  std::set<std::string> of_routes;
  for (const ClientDemandPtr& demand : route_clients) of_routes.insert(demand->content);
  std::string routes_text;  // hashes, of one length
  for (const std::string& content : of_routes) routes_text += content;
  return content_hash({std::to_string(static_cast<int>(min_tls)), alpn_text,
                       client ? client->content : "", routes_text, respond ? "respond" : "abort"});
}

std::shared_ptr<const ServerContext> ServerContext::make(const ServerPolicy& policy) {
  auto made = std::make_shared<ServerContext>();
  made->context_.reset(SSL_CTX_new(TLS_server_method()));
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
  if (policy.client || !policy.route_clients.empty()) made->ask_for_certificates(policy);
  ERR_clear_error();
  return made;
}

// One function judges, ClientTrust::check: in the handshake, when a session is resumed, and for
// each route.
void ServerContext::ask_for_certificates(const ServerPolicy& policy) {
  asks_ = true;
  demand_ = policy.client;
  if (!policy.respond) enforced_ = policy.client;
  SSL_CTX* context = context_.get();
  int mode = SSL_VERIFY_PEER;
  if (enforced_ && enforced_->verify == VerifyClient::Required) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(context, mode, nullptr);
  SSL_CTX_set_cert_verify_callback(context, on_certificate, this);
  SSL_CTX_set_session_ticket_cb(context, on_new_ticket, on_ticket, this);
  SSL_CTX_set_client_CA_list(context, names_of_all(policy));
}

int ServerContext::on_certificate(X509_STORE_CTX* store, void* context) {
  const auto& self = *static_cast<const ServerContext*>(context);
  auto* ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  ClientProof* proof = ClientProof::in(ssl);
  proof->show(X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store));
  // Nobody shall take it for verified who has not asked the proof.
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  if (!self.enforced_) return 1;
  const ClientIdentity& identity = proof->judged_by(self.enforced_);
  if (identity.let_in) return 1;
  proof->reject(identity.fault);
  X509_STORE_CTX_set_error(store, error_with_alert(outcome_of(identity.verdict).alert));
  return 0;
}

int ServerContext::on_new_ticket(SSL* ssl, void*) {
  std::string kept = ClientProof::in(ssl)->kept();
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), kept.data(), kept.size());
}

SSL_TICKET_RETURN ServerContext::on_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*,
                                           size_t, SSL_TICKET_STATUS status, void* context) {
  bool readable = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
  if (!readable || !static_cast<const ServerContext*>(context)->may_resume(ssl, session)) {
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

// What was good when the session began may have expired or been revoked since. Whoever would not be
// let in shakes hands from the beginning, and may show another certificate there.
bool ServerContext::may_resume(SSL* ssl, SSL_SESSION* session) const {
  ClientProof* proof = ClientProof::in(ssl);
  X509* leaf = SSL_SESSION_get0_peer(session);
  void* kept = nullptr;
  size_t size = 0;
  SSL_SESSION_get0_ticket_appdata(session, &kept, &size);
  if (!proof->restore(leaf, {static_cast<const char*>(kept), size})) return false;
  if (enforced_) return proof->judged_by(enforced_).let_in;
  return leaf || !demand_ || demand_->verify != VerifyClient::Required;
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
  if (asks_) ClientProof::attach(ssl.get());
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace sallyport
