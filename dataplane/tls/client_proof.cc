#include "dataplane/tls/client_proof.h"

#include <openssl/x509v3.h>
#include <time.h>

#include "dataplane/base/check.h"
#include "dataplane/tls/der.h"
#include "dataplane/tls/known_clients.h"

namespace sallyport {

namespace {

// A chain that is longer costs its clients full handshakes. The ticket comes back in a ClientHello,
// which should fit into few packets.
constexpr size_t kKeptMost = 8 * 1024;
// What is longer yet is judged each time.
constexpr size_t kEncodedMost = 16 * 1024;
// Tickets of earlier versions, in which the leaf is missing, begin with another.
constexpr char kMark = 'l';

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

bool append_encoding(std::string& all, X509* certificate) {
  unsigned char* der = nullptr;
  int size = i2d_X509(certificate, &der);
  if (size > 0) all.append(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return size > 0;
}

// A root that was sent proves nothing: it is among the authorities, or else it is not trusted.
bool is_root(X509* certificate) { return X509_get_extension_flags(certificate) & EXFLAG_SS; }

}  // namespace

ClientProof* ClientProof::in(const SSL* ssl) {
  return static_cast<ClientProof*>(SSL_get_ex_data(ssl, proof_index()));
}

void ClientProof::attach(SSL* ssl) { SSL_set_ex_data(ssl, proof_index(), new ClientProof); }

std::unique_ptr<ClientProof> ClientProof::take(SSL* ssl) {
  std::unique_ptr<ClientProof> proof(settled(ssl));
  if (proof) SSL_set_ex_data(ssl, proof_index(), nullptr);
  return proof;
}

ClientProof* ClientProof::settled(const SSL* ssl) {
  ClientProof* proof = in(ssl);
  if (!proof) return nullptr;
  bool resumed = SSL_session_reused(ssl) == 1;
  bool counts = resumed ? proof->is_of(SSL_get_session(ssl)) : !proof->restored_;
  if (!counts && proof->shown()) proof->show(nullptr, nullptr);
  return proof;
}

bool ClientProof::is_of(const SSL_SESSION* session) const {
  void* kept_there = nullptr;
  size_t size = 0;
  SSL_SESSION_get0_ticket_appdata(const_cast<SSL_SESSION*>(session), &kept_there, &size);
  return restored_ && kept() == std::string_view(static_cast<const char*>(kept_there), size);
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
  restored_ = false;
  encode();
}

// Roots come last, where kept() leaves them out.
void ClientProof::encode() {
  encoded_.assign(1, kMark);
  bool whole = !leaf_ || append_encoding(encoded_, leaf_.get());
  for (bool roots : {false, true}) {
    for (int i = 0; i < sk_X509_num(sent_.get()); ++i) {
      X509* one = sk_X509_value(sent_.get(), i);
      if (is_root(one) == roots) whole &= append_encoding(encoded_, one);
    }
    if (!roots) kept_size_ = encoded_.size() <= kKeptMost ? encoded_.size() : 0;
  }
  if (whole && encoded_.size() <= kEncodedMost) return;
  encoded_ = {};
  kept_size_ = 0;
}

void ClientProof::forget_decoded() {
  if (encoded_.empty()) return;
  leaf_.reset();
  sent_.reset();
  encoded_.shrink_to_fit();
}

const ClientIdentity& ClientProof::judged_by(const ClientDemandPtr& demand) {
  DCHECK(demand);
  for (const Judgement& known : judgements_) {
    if (known.demand == demand) return *known.identity;
  }
  judgements_.push_back({demand, judge(*demand)});
  return *judgements_.back().identity;
}

// Who is known need not be decoded.
std::shared_ptr<const ClientIdentity> ClientProof::judge(const ClientDemand& demand) {
  KnownClients& clients = KnownClients::of_this_thread();
  std::string key;
  std::time_t now = time(nullptr);
  if (encoded_.size() > 1) {
    key = KnownClients::key(demand, std::string_view(encoded_).substr(1));
    if (auto known = clients.find(key, now)) return known;
  }
  decode();
  auto found = std::make_shared<const ClientIdentity>(identify(leaf_.get(), sent_.get(), demand));
  if (!key.empty() && found->let_in && found->verified()) {
    clients.remember(key, found, now, found->good_until);
  }
  return found;
}

void ClientProof::decode() {
  if (leaf_ || encoded_.size() <= 1) return;
  const auto* at = reinterpret_cast<const unsigned char*>(encoded_.data()) + 1;
  const unsigned char* end = at + encoded_.size() - 1;
  X509Ptr leaf;
  X509StackPtr sent(sk_X509_new_null());
  while (at < end) {
    X509Ptr one(d2i_X509(nullptr, &at, static_cast<long>(end - at)));
    // Whoever sealed such a ticket: it shows nobody.
    if (!one) return show(nullptr, nullptr);
    leaf ? static_cast<void>(sk_X509_push(sent.get(), one.release())) : leaf.swap(one);
  }
  leaf_ = std::move(leaf);
  sent_ = std::move(sent);
}

bool ClientProof::restore(std::string_view kept) {
  show(nullptr, nullptr);
  if (kept.empty() || kept.front() != kMark) return false;
  for (Der certificates(kept.substr(1)); !certificates.empty();) {
    if (!certificates.skip(Der::kSequence)) return false;
  }
  encoded_ = kept;
  kept_size_ = kept.size();
  restored_ = true;
  return true;
}

}  // namespace sallyport
