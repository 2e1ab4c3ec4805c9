#include "dataplane/tls/client_fields.h"

#include <openssl/pem.h>

#include <algorithm>

#include "dataplane/tls/client_names.h"

namespace sallyport {

namespace {

std::string pem_of(X509* certificate) {
  BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate);
  char* text = nullptr;
  long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

// All but the unreserved characters (RFC 3986 section 2.3), as nginx's $ssl_client_escaped_cert.
std::string in_url(const std::string& text) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

// A name that holds anything but visible ASCII is no name, and might end the field.
bool visible(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Only what could be mistaken for the end of the value is put into quotes, as Envoy does it.
std::string element_value(const std::string& text) {
  return text.find_first_of(",;=\"\\") == std::string::npos ? text : in_quotes(text);
}

std::string forwarded_client_cert(const ClientIdentity& identity, X509* leaf, bool certificate) {
  std::string out = "Hash=" + sha256_hex(leaf);
  if (certificate) out += ";Cert=\"" + in_url(pem_of(leaf)) + "\"";
  out += ";Subject=" + in_quotes(identity.subject);
  AlternativeNames names = alternative_names(leaf);
  for (const std::string& uri : names.uri) {
    if (visible(uri)) out += ";URI=" + element_value(uri);
  }
  for (const std::string& dns : names.dns) {
    if (visible(dns)) out += ";DNS=" + element_value(dns);
  }
  return out;
}

// A byte sequence (RFC 8941 section 3.3.5).
std::string byte_sequence(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                             reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return ":" + out + ":";
}

// nginx's $ssl_client_verify.
std::string verify_text(const ClientIdentity& identity) {
  switch (identity.verdict) {
    case ClientVerdict::None: return "NONE";
    case ClientVerdict::Good: return "SUCCESS";
    default: return "FAILED:" + std::string(identity.fault);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> client_fields(const ClientIdentity& identity,
                                                               X509* leaf, const ClientPass& pass) {
  std::vector<std::pair<std::string, std::string>> fields;
  switch (pass.as) {
    case ClientFields::SslClient:
      fields.emplace_back("ssl-client-verify", verify_text(identity));
      if (!leaf) break;
      fields.emplace_back("ssl-client-subject-dn", identity.subject);
      fields.emplace_back("ssl-client-issuer-dn", identity.issuer);
      if (pass.certificate) fields.emplace_back("ssl-client-cert", in_url(pem_of(leaf)));
      break;
    // These two have no way of saying that a certificate is not good.
    case ClientFields::Xfcc:
      if (!identity.verified()) break;
      fields.emplace_back("X-Forwarded-Client-Cert",
                          forwarded_client_cert(identity, leaf, pass.certificate));
      break;
    case ClientFields::Rfc9440:
      if (identity.verified()) fields.emplace_back("Client-Cert", byte_sequence(der_of(leaf)));
      break;
  }
  return fields;
}

}  // namespace sallyport
