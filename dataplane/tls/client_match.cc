#include "dataplane/tls/client_match.h"

#include <openssl/objects.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "dataplane/model/hostname.h"
#include "dataplane/model/name_pattern.h"
#include "dataplane/tls/client_names.h"

namespace sallyport {

namespace {

using Names = std::vector<std::string>;

bool same(const std::string& wanted, const std::string& found) { return wanted == found; }

// RFC 4343: DNS names know no case. A wildcard in the certificate is a name like any other here: it
// says for which hosts the client may speak, and not who it is.
bool same_dns(const std::string& wanted, const std::string& found) {
  if (found.find('\0') != std::string::npos) return false;
  std::string name = normal_host(found);
  if (!is_wildcard(wanted)) return name == wanted;
  size_t dot = name.find('.');
  return dot != std::string::npos && dot > 0 && name[0] != '*' &&
         std::string_view(name).substr(dot) == std::string_view(wanted).substr(1);
}

template <class Wanted, class Same>
bool any(const std::vector<Wanted>& wanted, const Names& found, Same same_value) {
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& w) {
    return std::any_of(found.begin(), found.end(),
                       [&](const std::string& f) { return same_value(w, f); });
  });
}

bool same_ip(const Address& wanted, const std::string& found) {
  return found.size() == wanted.ip_size() &&
         std::equal(found.begin(), found.end(), wanted.ip_bytes(),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

}  // namespace

bool matches(const ClientMatch& match, X509* certificate, const std::string& subject) {
  if (match.empty()) return true;
  AlternativeNames names = alternative_names(certificate);
  return any(match.cn, subject_values(certificate, NID_commonName), same) &&
         any(match.ou, subject_values(certificate, NID_organizationalUnitName), same) &&
         any(match.dns, names.dns, same_dns) && any(match.uri, names.uri, same) &&
         any(match.email, names.email, same) && any(match.ip, names.ip, same_ip) &&
         any(match.fingerprint_sha256, {sha256_hex(certificate)}, same) &&
         any(match.cn_pattern, subject_values(certificate, NID_commonName), matches_whole) &&
         any(match.subject_pattern, {subject}, matches_somewhere);
}

}  // namespace sallyport
