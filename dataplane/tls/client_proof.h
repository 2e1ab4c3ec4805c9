// The certificate that a client showed in its handshake, and what is thought of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/tls/client_identity.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// One per connection whose handshake asked for a certificate. Thread: the connection's.
class ClientProof {
 public:
  ClientProof() { encode(); }

  /// The connection's own, of which the SSL knows no more; null where nobody was asked.
  /// REQUIRES: the handshake is done.
  static std::unique_ptr<ClientProof> take(SSL* ssl);

  /// Judges once for each demand and keeps it, as long as the connection lives: by now, with the
  /// chain that the client sent, in this handshake or in the one that is resumed.
  /// REQUIRES: not null.
  const ClientIdentity& judged_by(const ClientDemandPtr& demand);

  /// Keeps the certificates as they were sent, to be decoded when somebody must look into them:
  /// most are judged once, in the handshake.
  void forget_decoded();

  bool shown() const { return leaf_ || encoded_.size() > 1; }

  // For the handshake:

  static ClientProof* in(const SSL* ssl);
  static void attach(SSL* ssl);
  /// Takes references. `sent` may hold the leaf as well; either may be null.
  void show(X509* leaf, STACK_OF(X509) * sent);
  /// Of a handshake that fails because of the certificate.
  void reject(std::string_view words, ClientVerdict verdict) {
    rejection_ = words;
    rejected_as_ = verdict;
  }
  std::string_view rejection() const { return rejection_; }
  ClientVerdict rejected_as() const { return rejected_as_; }

  /// The same as in(), from when it is known whether a session is resumed: a ticket that was looked
  /// at and not taken has shown nothing.
  static ClientProof* settled(const SSL* ssl);

  /// The certificates, to be kept in a ticket, from which OpenSSL's own copy of the leaf is taken
  /// out. What is too much for a ticket is left out, and restore() says so. Until the next change.
  std::string_view kept() const { return std::string_view(encoded_).substr(0, kept_size_); }
  /// Shows again what kept() has said. False: the ticket is of no use.
  bool restore(std::string_view kept);

 private:
  struct Judgement {
    ClientDemandPtr demand;  // held, so that no other can come to be at its address
    std::shared_ptr<const ClientIdentity> identity;
  };

  std::shared_ptr<const ClientIdentity> judge(const ClientDemand& demand);
  void encode();
  void decode();
  bool is_of(const SSL_SESSION* session) const;

  // Both may be null until somebody must look into the certificates.
  X509Ptr leaf_;
  X509StackPtr sent_;
  std::string encoded_;   // a mark, the leaf, and those that came with it; empty: too long
  size_t kept_size_ = 0;  // of encoded_, as much as is kept in tickets
  bool restored_ = false;
  std::vector<Judgement> judgements_;
  std::string_view rejection_;  // static; empty: none
  ClientVerdict rejected_as_ = ClientVerdict::Bad;
};

}  // namespace sallyport
