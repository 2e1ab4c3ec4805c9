#include "control/pki/certificate_names.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "dataplane/tls/openssl.h"

namespace sallyport {
namespace {

constexpr size_t kCommonNameMax = 64;  // RFC 5280 appendix A, ub-common-name
constexpr size_t kDnsNameMax = 253;
constexpr size_t kLabelMax = 63;

using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, OpensslFree<GENERAL_NAME_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;
using StringPtr = std::unique_ptr<ASN1_STRING, OpensslFree<ASN1_STRING_free>>;

bool is_label_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelMax && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), is_label_character);
}

bool is_dns_name(std::string_view name) {
  if (name.size() > kDnsNameMax) return false;
  if (name.starts_with("*.")) name.remove_prefix(2);
  for (;;) {
    const size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
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

}  // namespace

Result<void> check_names(const CertificateNames& names) {
  if (names.common_name.empty() && names.dns_names.empty() && names.ips.empty()) {
    return Error{"a certificate needs a common name, a DNS name or an IP address"};
  }
  if (names.common_name.size() > kCommonNameMax) {
    return Error{"the common name \"" + names.common_name + "\" is longer than " +
                 std::to_string(kCommonNameMax) +
                 " characters: leave it empty and give a DNS name"};
  }
  for (const std::string& dns : names.dns_names) {
    if (!is_dns_name(dns)) {
      return Error{"\"" + dns + "\" is not a DNS name: write it as name.example.com or "
                   "*.example.com, international names in their xn-- form"};
    }
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
