#include "control/kube/secret_check.h"

#include "control/kube/certificate_glance.h"
#include "dataplane/model/complain.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/client_trust.h"

namespace sallyport::kube {

std::string why_no_key_pair(const SecretData& data) {
  if (plainly_serves(data.tls_crt, data.tls_key, "*")) return "";
  if (data.tls_crt.empty()) return "has no tls.crt";
  if (data.tls_key.empty()) return "has no tls.key";
  auto certificate = Certificate::parse(data.tls_crt, data.tls_key);
  return certificate ? "" : "is not good: " + certificate.error().message;
}

std::string why_no_server_certificate(const SecretData& data, const std::string& host) {
  if (plainly_serves(data.tls_crt, data.tls_key, host)) return "";
  if (data.tls_crt.empty()) return "has no tls.crt";
  if (data.tls_key.empty()) return "has no tls.key";
  auto certificate = Certificate::parse(data.tls_crt, data.tls_key);
  if (!certificate) return "is not good: " + certificate.error().message;
  if (host == "*" || (*certificate)->covers(host)) return "";
  return "does not cover " + in_quotes(host) + " (it covers " + (*certificate)->names() + ")";
}

std::string why_no_client_authorities(const SecretData& data, int depth) {
  if (data.ca_crt.empty()) return "has no ca.crt";
  auto trust = ClientTrust::make(data.ca_crt, data.ca_crl, depth, CrlCheck::Auto);
  return trust ? "" : "is not good: " + trust.error().message;
}

}  // namespace sallyport::kube
