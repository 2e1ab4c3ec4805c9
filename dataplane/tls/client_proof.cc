#include "dataplane/tls/client_proof.h"

#include <openssl/x509v3.h>
#include <time.h>

#include "dataplane/base/check.h"
#include "dataplane/tls/known_clients.h"

namespace sallyport {

namespace {

// A chain that is longer costs its clients full handshakes. The ticket comes back in a ClientHello,
// which should fit into few packets.
constexpr size_t kKeptMost = 6 * 1024;
constexpr char kWhole = 'w';

void free_proof(void*, void* proof, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<ClientProof*>(proof);
}

int proof_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_proof);
  return index;
}

X509Ptr shared(X509* certificate) {
  if (certificate) X509_up_ref(certificate);
  return X509Ptr(certificate);
}

std::shared_ptr<const ClientIdentity> judge(X509* leaf, STACK_OF(X509)* sent,
                                            const ClientDemand& demand) {
  if (!leaf) return std::make_shared<const ClientIdentity>(identify(leaf, sent, demand));
  KnownClients& clients = KnownClients::of_this_thread();
  std::string key = KnownClients::key(demand, leaf, sent);
  std::time_t now = time(nullptr);
  if (auto known = clients.find(key, now)) return known;
  auto found = std::make_shared<const ClientIdentity>(identify(leaf, sent, demand));
  if (found->let_in && found->verified()) clients.remember(key, found, now, found->good_until);
  return found;
}

}  // namespace

ClientProof* ClientProof::in(const SSL* ssl) {
  return static_cast<ClientProof*>(SSL_get_ex_data(ssl, proof_index()));
}

void ClientProof::attach(SSL* ssl) { SSL_set_ex_data(ssl, proof_index(), new ClientProof); }

ClientProof* ClientProof::of(const Stream& stream) {
  ClientProof* proof = in(stream.ssl());
  if (!proof) return nullptr;
  // What counts is what the finished handshake says. A ticket that was looked at and not taken has
  // shown a certificate, too.
  X509* leaf = SSL_get0_peer_certificate(stream.ssl());
  if (leaf != proof->leaf_.get()) proof->show(leaf, nullptr);
  return proof;
}

void ClientProof::show(X509* leaf, STACK_OF(X509)* sent) {
  judgements_.clear();
  rejection_ = {};
  leaf_ = shared(leaf);
  sent_.reset(sk_X509_new_null());
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    X509* one = sk_X509_value(sent, i);
    if (one != leaf) sk_X509_push(sent_.get(), shared(one).release());
  }
}

const ClientIdentity& ClientProof::judged_by(const ClientDemandPtr& demand) {
  DCHECK(demand);
  for (const Judgement& known : judgements_) {
    if (known.demand == demand) return *known.identity;
  }
  judgements_.push_back({demand, judge(leaf_.get(), sent_.get(), *demand)});
  return *judgements_.back().identity;
}

std::string ClientProof::kept() const {
  std::string all(1, kWhole);
  for (int i = 0; i < sk_X509_num(sent_.get()); ++i) {
    // A root that was sent proves nothing: it is among the authorities, or else it is not trusted.
    X509* one = sk_X509_value(sent_.get(), i);
    if (X509_get_extension_flags(one) & EXFLAG_SS) continue;
    unsigned char* der = nullptr;
    int size = i2d_X509(one, &der);
    if (size > 0) all.append(reinterpret_cast<char*>(der), static_cast<size_t>(size));
    OPENSSL_free(der);
    if (size <= 0 || all.size() > kKeptMost) return {};
  }
  return all;
}

bool ClientProof::restore(X509* leaf, std::string_view kept) {
  show(nullptr, nullptr);
  if (kept.empty() || kept.front() != kWhole) return false;
  X509StackPtr sent(sk_X509_new_null());
  const auto* at = reinterpret_cast<const unsigned char*>(kept.data()) + 1;
  const unsigned char* end = at + kept.size() - 1;
  while (at < end) {
    X509* one = d2i_X509(nullptr, &at, static_cast<long>(end - at));
    if (!one) return false;
    sk_X509_push(sent.get(), one);
  }
  show(leaf, sent.get());
  return true;
}

}  // namespace sallyport
