#include "control/pki/certificate_names.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "dataplane/model/hostname.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {
namespace {

using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, OpensslFree<GENERAL_NAME_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;
using StringPtr = std::unique_ptr<ASN1_STRING, OpensslFree<ASN1_STRING_free>>;

/// They have no place in a name that logs and terminals show.
bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// Takes over `value`, which may be null. On failure OpenSSL's error is queued.
bool push_name(GENERAL_NAMES& names, int type, StringPtr value, const void* data, size_t size) {
  GeneralNamePtr name(GENERAL_NAME_new());
  if (!name || !value) return false;
  if (ASN1_STRING_set(value.get(), data, static_cast<int>(size)) != 1) return false;
  GENERAL_NAME_set0_value(name.get(), type, value.release());
  if (sk_GENERAL_NAME_push(&names, name.get()) <= 0) return false;
  static_cast<void>(name.release());
  return true;
}

bool push_dns(GENERAL_NAMES& names, const std::string& dns) {
  StringPtr value(ASN1_IA5STRING_new());
  return push_name(names, GEN_DNS, std::move(value), dns.data(), dns.size());
}

bool push_ip(GENERAL_NAMES& names, const Address& ip) {
  StringPtr value(ASN1_OCTET_STRING_new());
  return push_name(names, GEN_IPADD, std::move(value), ip.ip_bytes(), ip.ip_size());
}

Result<void> check_common_name(const std::string& name) {
  if (name.size() > kCommonNameMax) {
    return Error{"the common name \"" + name + "\" is longer than " +
                 std::to_string(kCommonNameMax) +
                 " characters: leave it empty and give a DNS name"};
  }
  if (has_control_characters(name)) return Error{"the common name has control characters"};
  return {};
}

}  // namespace

Result<std::string> parse_certificate_dns(std::string_view text) {
  if (Address::parse_ip(text)) {
    return Error{"\"" + std::string(text) + "\" is an IP address, not a DNS name"};
  }
  if (text == "*") {
    return Error{"\"*\" covers no name in a certificate: write *.example.com"};
  }
  return parse_site_host(text);
}

Result<Address> parse_certificate_ip(std::string_view text) {
  const std::optional<Address> ip = Address::parse_ip(text);
  if (!ip) return Error{"\"" + std::string(text) + "\" is not an IP address, such as 10.0.0.1"};
  return *ip;
}

Result<void> check_names(const CertificateNames& names) {
  if (names.common_name.empty() && names.dns_names.empty() && names.ips.empty()) {
    return Error{"a certificate needs a common name, a DNS name or an IP address"};
  }
  if (auto checked = check_common_name(names.common_name); !checked) return checked;
  for (const std::string& dns : names.dns_names) {
    Result<std::string> normal = parse_certificate_dns(dns);
    if (!normal) return normal.error();
    if (*normal != dns) return Error{"\"" + dns + "\" is not normal: write " + *normal};
  }
  const bool ips_valid =
      std::all_of(names.ips.begin(), names.ips.end(), [](const Address& ip) { return ip.valid(); });
  if (!ips_valid) return Error{"one of the certificate's IP addresses is not an address"};
  return {};
}

Result<void> set_subject(X509& certificate, const std::string& common_name) {
  if (common_name.empty()) return {};
  X509_NAME* subject = X509_get_subject_name(&certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
  if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text,
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return Error{"cannot use \"" + common_name + "\" as common name: " + take_openssl_error()};
  }
  return {};
}

Result<void> add_alternative_names(X509& certificate, const CertificateNames& names) {
  if (names.dns_names.empty() && names.ips.empty()) return {};
  // Built as values and not from OpenSSL's configuration text, in which a comma inside a name
  // would begin another name.
  GeneralNamesPtr list(GENERAL_NAMES_new());
  bool good = list != nullptr;
  for (const std::string& dns : names.dns_names) good = good && push_dns(*list, dns);
  for (const Address& ip : names.ips) good = good && push_ip(*list, ip);
  const int critical = X509_NAME_entry_count(X509_get_subject_name(&certificate)) == 0 ? 1 : 0;
  good = good && X509_add1_ext_i2d(&certificate, NID_subject_alt_name, list.get(), critical,
                                   X509V3_ADD_APPEND) == 1;
  if (!good) {
    return Error{"cannot write the subject alternative names: " + take_openssl_error()};
  }
  return {};
}

}  // namespace sallyport
