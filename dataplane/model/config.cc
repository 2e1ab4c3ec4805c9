#include "dataplane/model/config.h"

#include <algorithm>
#include <iterator>

#include "dataplane/base/check.h"

namespace sallyport {
namespace {

constexpr Word<Protocol> kProtocols[] = {{"http", Protocol::Http},
                                         {"https", Protocol::Https},
                                         {"tls", Protocol::Tls},
                                         {"tcp", Protocol::Tcp}};
constexpr Word<Scenario> kScenarios[] = {{"offload", Scenario::Offload},
                                         {"passthrough", Scenario::Passthrough},
                                         {"reencrypt", Scenario::Reencrypt}};
constexpr Word<UnknownSni> kUnknownSni[] = {{"refuse", UnknownSni::Refuse},
                                            {"default", UnknownSni::Default}};
constexpr Word<ProxyProtocolIn> kProxyProtocolIn[] = {{"off", ProxyProtocolIn::Off},
                                                      {"optional", ProxyProtocolIn::Optional},
                                                      {"required", ProxyProtocolIn::Required}};
constexpr Word<ProxyProtocolOut> kProxyProtocolOut[] = {{"off", ProxyProtocolOut::Off},
                                                        {"v1", ProxyProtocolOut::V1},
                                                        {"v2", ProxyProtocolOut::V2}};
constexpr Word<BackendProtocol> kBackendProtocol[] = {{"http1", BackendProtocol::Http1},
                                                      {"http2", BackendProtocol::Http2},
                                                      {"auto", BackendProtocol::Auto}};
constexpr Word<VerifyClient> kVerifyClient[] = {{"off", VerifyClient::Off},
                                                {"optional", VerifyClient::Optional},
                                                {"optional_no_ca", VerifyClient::OptionalNoCa},
                                                {"required", VerifyClient::Required}};
constexpr Word<CrlCheck> kCrlCheck[] = {{"auto", CrlCheck::Auto},
                                        {"leaf", CrlCheck::Leaf},
                                        {"chain", CrlCheck::Chain}};
constexpr Word<ClientFields> kClientFields[] = {{"ssl-client", ClientFields::SslClient},
                                                {"xfcc", ClientFields::Xfcc},
                                                {"rfc9440", ClientFields::Rfc9440}};
constexpr Word<VerifyBackend> kVerifyBackend[] = {{"full", VerifyBackend::Full},
                                                  {"ca", VerifyBackend::Ca},
                                                  {"none", VerifyBackend::None},
                                                  // As PostgreSQL's sslmode has them.
                                                  {"verify-full", VerifyBackend::Full},
                                                  {"verify-ca", VerifyBackend::Ca},
                                                  {"require", VerifyBackend::None}};
constexpr Word<TlsVersion> kTlsVersions[] = {{"1.2", TlsVersion::V1_2}, {"1.3", TlsVersion::V1_3}};
constexpr Word<SslMode> kSslModes[] = {{"disable", SslMode::Disable},
                                       {"allow", SslMode::Allow},
                                       {"prefer", SslMode::Prefer},
                                       {"require", SslMode::Require},
                                       {"verify-ca", SslMode::VerifyCa},
                                       {"verify-full", SslMode::VerifyFull}};
constexpr Word<OnFailure> kOnFailure[] = {{"respond", OnFailure::Respond},
                                          {"abort", OnFailure::Abort}};
constexpr Word<PathType> kPathTypes[] = {{"Prefix", PathType::Prefix},
                                        {"Exact", PathType::Exact},
                                        {"Regex", PathType::Regex}};
constexpr Word<SameSite> kSameSite[] = {{"None", SameSite::None},
                                        {"Lax", SameSite::Lax},
                                        {"Strict", SameSite::Strict}};
constexpr Word<EncodedSlashes> kEncodedSlashes[] = {{"keep", EncodedSlashes::Keep},
                                                    {"refuse", EncodedSlashes::Refuse}};
constexpr Word<AccessLogFormat> kAccessLogFormats[] = {{"json", AccessLogFormat::Json},
                                                       {"nginx", AccessLogFormat::Nginx}};
constexpr Word<KernelTls> kKernelTls[] = {
    {"auto", KernelTls::Auto}, {"on", KernelTls::On}, {"off", KernelTls::Off}};

constexpr uint64_t kPageStatuses[] = {400, 403, 404, 410, 429, 451, 500, 502, 503, 504};
constexpr uint64_t kRedirectStatuses[] = {301, 302, 303, 307, 308};

template <class E>
const char* word_for(E value) {
  for (const Word<E>& word : words<E>()) {
    if (word.value == value) return word.text;
  }
  CHECK(false);
}

}  // namespace

bool is_page_status(uint64_t status) {
  return std::ranges::find(kPageStatuses, status) != std::end(kPageStatuses);
}

bool is_redirect_status(uint64_t status) {
  return std::ranges::find(kRedirectStatuses, status) != std::end(kRedirectStatuses);
}

std::string Place::text() const {
  if (line == 0) return source;
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Problem::text() const {
  return place.text() + ": " + (path.empty() ? "" : path + ": ") + message;
}

template <>
std::span<const Word<Protocol>> words() {
  return kProtocols;
}
template <>
std::span<const Word<Scenario>> words() {
  return kScenarios;
}
template <>
std::span<const Word<UnknownSni>> words() {
  return kUnknownSni;
}
template <>
std::span<const Word<ProxyProtocolIn>> words() {
  return kProxyProtocolIn;
}
template <>
std::span<const Word<ProxyProtocolOut>> words() {
  return kProxyProtocolOut;
}
template <>
std::span<const Word<BackendProtocol>> words() {
  return kBackendProtocol;
}
template <>
std::span<const Word<VerifyClient>> words() {
  return kVerifyClient;
}
template <>
std::span<const Word<CrlCheck>> words() {
  return kCrlCheck;
}
template <>
std::span<const Word<ClientFields>> words() {
  return kClientFields;
}
template <>
std::span<const Word<VerifyBackend>> words() {
  return kVerifyBackend;
}
template <>
std::span<const Word<TlsVersion>> words() {
  return kTlsVersions;
}
template <>
std::span<const Word<SslMode>> words() {
  return kSslModes;
}
template <>
std::span<const Word<OnFailure>> words() {
  return kOnFailure;
}
template <>
std::span<const Word<PathType>> words() {
  return kPathTypes;
}
template <>
std::span<const Word<SameSite>> words() {
  return kSameSite;
}
template <>
std::span<const Word<EncodedSlashes>> words() {
  return kEncodedSlashes;
}
template <>
std::span<const Word<AccessLogFormat>> words() {
  return kAccessLogFormats;
}
template <>
std::span<const Word<KernelTls>> words() {
  return kKernelTls;
}

const char* name(Protocol value) { return word_for(value); }
const char* name(Scenario value) { return word_for(value); }
const char* name(UnknownSni value) { return word_for(value); }
const char* name(ProxyProtocolIn value) { return word_for(value); }
const char* name(ProxyProtocolOut value) { return word_for(value); }
const char* name(BackendProtocol value) { return word_for(value); }
const char* name(VerifyClient value) { return word_for(value); }
const char* name(CrlCheck value) { return word_for(value); }
const char* name(ClientFields value) { return word_for(value); }
const char* name(VerifyBackend value) { return word_for(value); }
const char* name(TlsVersion value) { return word_for(value); }
const char* name(SslMode value) { return word_for(value); }
const char* name(OnFailure value) { return word_for(value); }
const char* name(PathType value) { return word_for(value); }
const char* name(SameSite value) { return word_for(value); }
const char* name(EncodedSlashes value) { return word_for(value); }
const char* name(AccessLogFormat value) { return word_for(value); }
const char* name(KernelTls value) { return word_for(value); }

}  // namespace sallyport
