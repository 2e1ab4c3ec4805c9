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

ClientHandshake failed(Stream& client, ConnectionRecord& record, WorkerMetrics& metrics) {
  metrics.handshake_failures[0].add();
  HandshakeFailure failure = handshake_failure(client);
  record.detail = std::move(failure.detail);
  switch (failure.fault) {
    case HandshakeFault::CertificateMissing:
      return {Step::Failed, Reason::ClientCertificateMissing, true};
    case HandshakeFault::CertificateRejected:
      return {Step::Failed, Reason::ClientCertificateRejected, true};
    case HandshakeFault::Protocol: return {Step::Failed, Reason::ClientHandshakeFailed, true};
    case HandshakeFault::PeerLeft: break;
  }
  return {Step::Failed, Reason::ClientHandshakeFailed, false};
}

}  // namespace

void count_handshake(WorkerMetrics& metrics, Side side, const TlsFacts& facts) {
  metrics.handshakes[side == Side::Client ? 0 : 1][facts.is_1_3][facts.resumed].add();
}

ClientHandshake shake_hands(Stream& client, ConnectionRecord& record, WorkerMetrics& metrics) {
  Step step = client.handshake();
  if (step == Step::Blocked) return {};
  if (step == Step::Failed) return failed(client, record, metrics);
  TlsFacts facts = tls_facts(client);
  count_handshake(metrics, Side::Client, facts);
  record.tls_version = facts.version;
  record.tls_cipher = facts.cipher;
  record.tls_resumed = facts.resumed;
  record.alpn = facts.alpn;
  if (client.kernel_tls_offered()) metrics.kernel_tls[client.kernel_encrypts()].add();
  if (names_the_same(facts.sni, record.sni)) return {Step::Done};
  record.detail = "the second ClientHello names another host";
  return {Step::Failed, Reason::ClientHandshakeFailed, false};
}

void send_proxy_header(Stream& backend, ProxyProtocolOut version, const Address& source,
                       const Address& destination, std::string_view authority,
                       const Stream& client, const ClientIdentity* identity) {
  ProxySend send;
  send.source = source;
  send.destination = destination;
  send.authority = authority;
  ProxyTls tls;
  if (!client.plain()) {
    TlsFacts facts = tls_facts(client);
    send.alpn = facts.alpn;
    tls.version = facts.version;
    tls.cipher = facts.cipher;
    tls.resumed = facts.resumed;
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
