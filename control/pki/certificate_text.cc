#include "control/pki/certificate_text.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

#include "control/pki/pem.h"

namespace sallyport {
namespace {

using BignumPtr = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;

}  // namespace

Result<X509Ptr> parse_certificate(std::string_view pem) {
  BioPtr text = pem_reader(pem);
  X509Ptr certificate(PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!certificate) return Error{"holds no PEM certificate"};
  return certificate;
}

Result<std::string> certificate_pem(X509& certificate) {
  BioPtr text = pem_writer();
  if (!text || PEM_write_bio_X509(text.get(), &certificate) != 1) {
    return Error{"cannot write a certificate: " + take_openssl_error()};
  }
  return std::string(contents(*text));
}

std::string serial_text(const ASN1_INTEGER& serial) {
  BignumPtr number(ASN1_INTEGER_to_BN(&serial, nullptr));
  char* digits = number ? BN_bn2hex(number.get()) : nullptr;
  std::string text = digits ? digits : "00";
  OPENSSL_free(digits);
  return text;
}

std::string name_text(const X509_NAME& name) {
  BioPtr text = pem_writer();
  if (!text || X509_NAME_print_ex(text.get(), &name, 0, XN_FLAG_RFC2253) < 0) return "no name";
  std::string words(contents(*text));
  return words.empty() ? "no name" : words;
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME& time) {
  tm parts{};
  const bool good = ASN1_TIME_to_tm(&time, &parts) == 1;
  return std::chrono::system_clock::from_time_t(good ? timegm(&parts) : -1);
}

std::string time_text(std::chrono::system_clock::time_point time) {
  const time_t seconds = std::chrono::system_clock::to_time_t(time);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace sallyport
