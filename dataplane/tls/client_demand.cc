#include "dataplane/tls/client_demand.h"

#include "dataplane/tls/certificate.h"

namespace sallyport {

namespace {

// Each value with its length, so that no two lists look alike.
std::string text_of(const std::vector<std::string>& values) {
  std::string all;
  for (const std::string& value : values) all += std::to_string(value.size()) + ":" + value;
  return all;
}

}  // namespace

std::string ClientDemand::key(const ClientAuth& auth, const std::string& trust_key) {
  const ClientMatch& m = auth.match;
  std::vector<std::string> ips;
  for (const Address& ip : m.ip) ips.push_back(ip.ip_text());
  return content_hash({name(auth.verify), trust_key, text_of(m.cn), text_of(m.ou), text_of(m.dns),
                       text_of(m.uri), text_of(m.email), text_of(ips),
                       text_of(m.fingerprint_sha256), text_of(m.cn_pattern),
                       text_of(m.subject_pattern), name(auth.pass.as),
                       auth.pass.certificate ? "certificate" : ""});
}

}  // namespace sallyport
