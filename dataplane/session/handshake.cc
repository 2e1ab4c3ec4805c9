#include "dataplane/session/handshake.h"

#include <algorithm>

#include "dataplane/wire/proxy_header.h"

namespace sallyport {

namespace {

// The site was chosen by the first hello's name. After a HelloRetryRequest the client sends a
// second one, which must not name another (RFC 8446 section 4.1.2).
bool names_the_same(std::string_view sni, std::string_view chosen_by) {
  if (sni.ends_with('.')) sni.remove_suffix(1);
  return std::equal(sni.begin(), sni.end(), chosen_by.begin(), chosen_by.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

// The errors of certificates are in the order of the verdicts, of which Good is none.
HandshakeError error_of(ClientVerdict verdict) {
  constexpr auto kMissing = static_cast<size_t>(HandshakeError::CertificateMissing);
  static_assert(static_cast<size_t>(ClientVerdict::NotMatched) + 1 == kClientVerdicts);
  static_assert(kMissing + kClientVerdicts - 1 == kHandshakeErrors);
  auto index = static_cast<size_t>(verdict);
  if (verdict == ClientVerdict::None) return HandshakeError::CertificateMissing;
  if (verdict == ClientVerdict::Good) return HandshakeError::Protocol;
  return static_cast<HandshakeError>(kMissing + index - 1);
}

HandshakeError error_of(const HandshakeFailure& failure) {
  switch (failure.fault) {
    case HandshakeFault::PeerLeft: return HandshakeError::PeerLeft;
    case HandshakeFault::Version: return HandshakeError::Version;
    case HandshakeFault::Algorithms: return HandshakeError::Algorithms;
    case HandshakeFault::Alpn: return HandshakeError::Alpn;
    case HandshakeFault::PeerRefusesCertificate: return HandshakeError::PeerRefusesCertificate;
    case HandshakeFault::PeerAlert: return HandshakeError::PeerAlert;
    case HandshakeFault::OwnCertificate: return HandshakeError::OwnCertificate;
    case HandshakeFault::Protocol: return HandshakeError::Protocol;
    case HandshakeFault::CertificateMissing: return HandshakeError::CertificateMissing;
    case HandshakeFault::CertificateRejected: return error_of(failure.verdict);
  }
  return HandshakeError::Protocol;
}

void count_certificate(HandshakeMetrics& metrics, ClientVerdict verdict) {
  metrics.client_certificates[static_cast<size_t>(verdict)].add();
}

ClientHandshake failed(Stream& client, const Site& site, ConnectionRecord& record,
                       HandshakeMetrics& metrics) {
  HandshakeFailure failure = handshake_failure(client);
  metrics.failed(client_policy(&site), error_of(failure));
  record.detail = std::move(failure.detail);
  switch (failure.fault) {
    case HandshakeFault::CertificateMissing:
      count_certificate(metrics, ClientVerdict::None);
      return {Step::Failed, Reason::ClientCertificateMissing, true};
    case HandshakeFault::CertificateRejected:
      count_certificate(metrics, failure.verdict);
      return {Step::Failed, Reason::ClientCertificateRejected, true};
    case HandshakeFault::PeerLeft: return {Step::Failed, Reason::ClientHandshakeFailed, false};
    default: return {Step::Failed, Reason::ClientHandshakeFailed, true};
  }
}

void count(const Site& site, const TlsFacts& facts, ClientProof* proof, HandshakeMetrics& metrics) {
  auto policy = static_cast<size_t>(client_policy(&site));
  metrics.with_clients[policy][facts.is_1_3][facts.resumed].add();
  if (!proof || !site.client_auth) return;
  // The first request would have it judged anyway.
  count_certificate(metrics, proof->judged_by(site.client_auth).verdict);
}

void count_kernel_tls(const Stream& stream, KernelTlsMetrics& metrics) {
  if (!stream.kernel_tls_offered()) return;
  KernelTlsFault sending = stream.why_kernel_does_not_encrypt();
  KernelTlsFault receiving = stream.why_kernel_does_not_decrypt();
  size_t hands = 2 * stream.kernel_encrypts() + stream.kernel_decrypts();
  size_t fault = static_cast<size_t>(stream.kernel_encrypts() ? receiving : sending);
  metrics.connections[hands][fault].add();
}

}  // namespace

ClientPolicy client_policy(const Site* site) {
  if (!site) return ClientPolicy::None;
  if (!site->client_auth) return site->asks_clients ? ClientPolicy::ByRoute : ClientPolicy::Off;
  switch (site->client_auth->verify) {
    case VerifyClient::Off: break;
    case VerifyClient::Optional: return ClientPolicy::Optional;
    case VerifyClient::OptionalNoCa: return ClientPolicy::OptionalNoCa;
    case VerifyClient::Required: return ClientPolicy::Required;
  }
  return ClientPolicy::Off;
}

void count_backend_handshake(WorkerMetrics& metrics, const Stream& backend) {
  TlsFacts facts = tls_facts(backend);
  metrics.tls.with_backends[facts.is_1_3][facts.resumed].add();
  count_kernel_tls(backend, metrics.kernel_tls[static_cast<size_t>(Side::Backend)]);
}

void count_backend_failure(WorkerMetrics& metrics, const HandshakeFailure& failure) {
  metrics.tls.backend_failed(error_of(failure));
}

ClientHandshake shake_hands(Stream& client, const Site& site, ConnectionRecord& record,
                            WorkerMetrics& metrics) {
  Step step = client.handshake();
  if (step == Step::Blocked) return {};
  if (step == Step::Failed) return failed(client, site, record, metrics.tls);
  TlsFacts facts = tls_facts(client);
  record.tls_version = facts.version;
  record.tls_cipher = facts.cipher;
  record.tls_resumed = facts.resumed;
  record.alpn = facts.alpn;
  count_kernel_tls(client, metrics.kernel_tls[static_cast<size_t>(Side::Client)]);
  if (names_the_same(facts.sni, record.sni)) {
    std::unique_ptr<ClientProof> proof = ClientProof::take(client.ssl());
    count(site, facts, proof.get(), metrics.tls);
    if (proof) proof->forget_decoded();
    client.let_openssl_go();
    return {.step = Step::Done, .proof = std::move(proof)};
  }
  metrics.tls.failed(client_policy(&site), HandshakeError::OtherName);
  record.detail = "the second ClientHello names another host";
  return {Step::Failed, Reason::ClientHandshakeFailed, false};
}

void send_proxy_header(Stream& backend, ProxyProtocolOut version, const Address& source,
                       const Address& destination, std::string_view authority,
                       const ConnectionRecord& client, const ClientIdentity* identity) {
  ProxySend send;
  send.source = source;
  send.destination = destination;
  send.authority = authority;
  ProxyTls tls;
  if (!client.tls_version.empty()) {
    send.alpn = client.alpn;
    tls.version = client.tls_version;
    tls.cipher = client.tls_cipher;
    tls.resumed = client.tls_resumed;
    if (identity) {
      tls.client_cert = identity->verdict != ClientVerdict::None;
      tls.verified = identity->verified();
      tls.common_name = identity->common_name;
    }
    send.tls = &tls;
  }
  uint8_t bytes[kMaxProxySend];
  size_t size = version == ProxyProtocolOut::V1 ? write_proxy_v1(send, bytes)
                                                : write_proxy_v2(send, bytes);
  backend.send_raw({bytes, size});
}

}  // namespace sallyport
