#include "dataplane/tls/offer.h"

#include <openssl/err.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/model/complain.h"
#include "dataplane/tls/kernel_tls.h"

namespace sallyport {

namespace {

// Mozilla's "intermediate" without its DHE, whose key exchange costs the server more than whoever
// asks for it (CVE-2002-20001), and which clients that are still around do not need.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// AES-128 first: as strong as the certificates' keys, and the cheapest where there is AES hardware.
constexpr const char* kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
// The stars are OpenSSL 3.5's: key shares of both, so that a backend without the hybrid group has
// not to ask again.
constexpr const char* kGroupsWithHybrid = "*X25519MLKEM768:*X25519:P-256:P-384";

// Static RSA and DH, which let whoever gets hold of the key read what was said before; and what
// has no certificate at all.
constexpr const char* kSafe = "ALL:!aNULL:!eNULL:!kRSA:!kPSK:!PSK:!SRP:!aDSS";

constexpr const char* kKnownGroups[] = {
    "X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "X25519",    "X448",
    "P-256",          "P-384",             "P-521",              "secp256r1", "prime256v1",
    "secp384r1",      "secp521r1",         "ffdhe2048",          "ffdhe3072", "ffdhe4096"};

std::vector<std::string> known_ciphers() {
  SslCtxPtr context(SSL_CTX_new(TLS_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_security_level(context.get(), kSecurityLevel);
  SSL_CTX_set_cipher_list(context.get(), kSafe);
  SSL_CTX_set_ciphersuites(context.get(), kCiphers13);
  std::vector<std::string> names;
  STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i)));
  }
  ERR_clear_error();
  return names;
}

// Those of kKnownGroups that this OpenSSL has: the hybrid ones come with 3.5.
std::vector<std::string> known_groups() {
  SslCtxPtr context(SSL_CTX_new(TLS_method()));
  std::vector<std::string> names;
  for (const char* name : kKnownGroups) {
    if (SSL_CTX_set1_groups_list(context.get(), name) == 1) names.emplace_back(name);
  }
  ERR_clear_error();
  return names;
}

const std::vector<std::string>& ciphers() {
  static const std::vector<std::string> names = known_ciphers();
  return names;
}

const std::vector<std::string>& groups() {
  static const std::vector<std::string> names = known_groups();
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string joined(const std::vector<std::string>& names, const char* between) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : between) + name;
  return text;
}

bool check_cipher(const TlsName& cipher, Problems& problems) {
  if (has(ciphers(), cipher.name)) return true;
  std::string meant = nearest(cipher.name, ciphers());
  complain(problems, cipher.place,
           in_quotes(cipher.name) + " is no cipher with authentication, encryption and forward "
                                    "secrecy that " + openssl_version() + " has" +
               (meant.empty() ? ": write names such as ECDHE-RSA-AES128-GCM-SHA256 or "
                                "TLS_AES_128_GCM_SHA256"
                              : ", did you mean " + in_quotes(meant) + "?"));
  return false;
}

bool check_group(const TlsName& group, Problems& problems) {
  if (has(groups(), group.name)) return true;
  complain(problems, group.place,
           in_quotes(group.name) + " is no group that " + openssl_version() +
               " has (it has: " + joined(groups(), ", ") + ")");
  return false;
}

// As an OpenSSL list; empty: none is configured.
std::string list_of(const std::vector<TlsName>& names, bool of_1_3) {
  std::vector<std::string> some;
  for (const TlsName& n : names) {
    if (n.name.starts_with("TLS_") == of_1_3) some.push_back(n.name);
  }
  return joined(some, ":");
}

void apply_groups(SSL_CTX* context, const std::vector<TlsName>& names) {
  std::vector<std::string> some;
  for (const TlsName& n : names) some.push_back(n.name);
  if (!some.empty()) {
    CHECK(SSL_CTX_set1_groups_list(context, joined(some, ":").c_str()) == 1);
  } else if (SSL_CTX_set1_groups_list(context, kGroupsWithHybrid) != 1) {
    CHECK(SSL_CTX_set1_groups_list(context, kGroups) == 1);
    ERR_clear_error();
  }
}

}  // namespace

bool check_offer(const TlsOffer& offer, Problems& problems) {
  bool good = true;
  for (const TlsName& cipher : offer.ciphers) good = check_cipher(cipher, problems) && good;
  for (const TlsName& group : offer.groups) good = check_group(group, problems) && good;
  return good;
}

void check_offers(const Config& config, Problems& problems) {
  for (const SiteConfig& site : config.sites) check_offer(site.offer, problems);
  for (const ServiceConfig& service : config.services) {
    if (service.tls) check_offer(service.tls->offer, problems);
  }
}

void apply_offer(SSL_CTX* context, const TlsOffer& offer) {
  std::string of_1_2 = list_of(offer.ciphers, false);
  std::string of_1_3 = list_of(offer.ciphers, true);
  CHECK(SSL_CTX_set_cipher_list(context, of_1_2.empty() ? kCiphers12 : of_1_2.c_str()) == 1);
  CHECK(SSL_CTX_set_ciphersuites(context, of_1_3.empty() ? kCiphers13 : of_1_3.c_str()) == 1);
  // Of the size that fits the certificate; used only where a DHE cipher is named.
  SSL_CTX_set_dh_auto(context, 1);
  apply_groups(context, offer.groups);
}

bool offers_tls_1_2_for(const TlsOffer& offer, bool rsa) {
  std::string list = list_of(offer.ciphers, false);
  return list.empty() || list.find(rsa ? "RSA" : "ECDSA") != std::string::npos;
}

}  // namespace sallyport
