#include "dataplane/tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <set>

#include "dataplane/tls/client_proof.h"
#include "dataplane/tls/own_provider.h"
#include "dataplane/tls/session_peer.h"

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

// Asked of a server where the client wants a staple and certificates are sent (RFC 6066 section 8).
int show_staple(SSL* ssl, void*) {
  auto* certificates =
      static_cast<const std::vector<std::shared_ptr<const Certificate>>*>(SSL_get_app_data(ssl));
  const X509* chosen = SSL_get_certificate(ssl);
  for (const auto& certificate : *certificates) {
    if (!certificate->is_leaf(chosen) || !certificate->stapling()) continue;
    std::shared_ptr<const Staple> staple = certificate->stapling()->at(::time(nullptr));
    if (!staple) break;
    void* copy = OPENSSL_memdup(staple->der.data(), staple->der.size());
    if (!copy) break;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(staple->der.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

int accept_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

// RFC 9113 section 9.2.2: clients may end a connection over HTTP/2 with any other.
bool is_fit_for_http2(const SSL* ssl) {
  const SSL_CIPHER* cipher = SSL_get_pending_cipher(ssl);
  if (!cipher) return true;
  int exchange = SSL_CIPHER_get_kx_nid(cipher);
  bool fresh = exchange == NID_kx_any || exchange == NID_kx_ecdhe || exchange == NID_kx_dhe;
  return fresh && SSL_CIPHER_is_aead(cipher);
}

int choose_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                const unsigned char* in, unsigned in_size, void* wire) {
  std::string_view ours = *static_cast<const std::string*>(wire);
  // It is the first where it is offered at all.
  constexpr std::string_view kHttp2("\x02h2", 3);
  if (ours.starts_with(kHttp2) && !is_fit_for_http2(ssl)) ours.remove_prefix(kHttp2.size());
  unsigned char* chosen = nullptr;
  int found = SSL_select_next_proto(&chosen, out_size,
                                    reinterpret_cast<const unsigned char*>(ours.data()),
                                    static_cast<unsigned>(ours.size()), in, in_size);
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
  return content_hash({handshake.key(), alpn_text,
                       client ? client->content : "", routes_text, respond ? "respond" : "abort"});
}

std::shared_ptr<const ServerContext> ServerContext::make(const ServerPolicy& policy,
                                                         std::shared_ptr<TicketRing> ring) {
  auto made = std::make_shared<ServerContext>();
  made->context_.reset(SSL_CTX_new_ex(nullptr, own_provider_query(), TLS_server_method()));
  SSL_CTX* context = made->context_.get();
  apply_policy(context, policy.handshake);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Sessions live in tickets, which work in every worker; two tickets serve only clients that open
  // connections in parallel, and cost every handshake.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  made->policy_key_ = policy.key();
  made->ticket_keys_ = std::make_unique<TicketKeys>(std::move(ring), made->policy_key_);
  SSL_CTX_set_app_data(context, made.get());
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket_key);
  // OpenSSL remembers the name in a session only where a callback has accepted it; and accepted it
  // is, as the site was found by it.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(accept_name));
  SSL_CTX_set_cert_cb(context, choose_certificates, nullptr);
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                        reinterpret_cast<void (*)()>(show_staple));
  if (!policy.alpn.empty()) {
    made->alpn_wire_ = alpn_wire(policy.alpn);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, &made->alpn_wire_);
  }
  if (policy.client || !policy.route_clients.empty()) made->ask_for_certificates(policy);
  ERR_clear_error();
  return made;
}

// What OpenSSL asks: for the first key, or for the one that a ticket names. 0: there is none, and
// the handshake is a full one; 2: the ticket is good, and the client gets a new one.
int ServerContext::on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv,
                                 EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypting) {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  auto* self = static_cast<const ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  std::shared_ptr<const TicketKeys::Keys> keys = self->ticket_keys_->current();
  auto key = keys->begin();
  if (encrypting) {
    memcpy(name, key->name, sizeof key->name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(kCipher)) != 1) return -1;
  } else {
    key = std::find_if(keys->begin(), keys->end(), [&](const TicketKeys::Key& k) {
      return memcmp(k.name, name, sizeof k.name) == 0;
    });
    if (key == keys->end()) return 0;
  }
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key->mac),
                                        sizeof key->mac),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, parameters) != 1 ||
      EVP_CipherInit_ex(cipher, kCipher, nullptr, key->cipher, iv, encrypting) != 1) {
    return -1;
  }
  // TLS 1.3 tickets are for one use (RFC 8446 section C.4).
  bool renew = key != keys->begin() || SSL_version(ssl) == TLS1_3_VERSION;
  return !encrypting && renew ? 2 : 1;
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
  proof->reject(identity.fault, identity.verdict);
  X509_STORE_CTX_set_error(store, error_with_alert(outcome_of(identity.verdict).alert));
  return 0;
}

int ServerContext::on_new_ticket(SSL* ssl, void*) {
  std::string_view kept = ClientProof::settled(ssl)->kept();
  SSL_SESSION* session = SSL_get_session(ssl);
  return forget_peer(session) &&
         SSL_SESSION_set1_ticket_appdata(session, kept.data(), kept.size()) == 1;
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
  void* kept = nullptr;
  size_t size = 0;
  SSL_SESSION_get0_ticket_appdata(session, &kept, &size);
  if (!proof->restore({static_cast<const char*>(kept), size})) return false;
  if (enforced_) return proof->judged_by(enforced_).let_in;
  return proof->shown() || !demand_ || demand_->verify != VerifyClient::Required;
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
