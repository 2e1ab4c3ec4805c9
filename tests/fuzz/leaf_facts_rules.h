// What must hold of read_leaf() for any bytes whatever, against what OpenSSL finds in them. Shared
// by the fuzz target and by the unit test that runs the corpus.
#pragma once

#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/check.h"
#include "dataplane/tls/certificate.h"

namespace sallyport {

/// What OpenSSL takes is taken. What is taken and good is so by OpenSSL alone, which finds the same
/// in it; what is not good is not shown.
inline void check_leaf_facts(std::string_view crt, std::string_view key) {
  auto facts = read_leaf(crt, key);
  auto parsed = Certificate::parse(crt, key);
  auto data = std::make_shared<SecretData>();
  data->tls_crt = crt;
  data->tls_key = key;
  auto read = Certificate::read(std::move(data));
  CHECK(!facts || read);
  CHECK(!parsed || read);
  if (!read) return;
  if (facts) CHECK((*read)->facts() == *facts);
  bool good = (*read)->check().ok();
  CHECK(((*read)->state() == Certificate::State::Good) == good);
  CHECK(!good || parsed);
  if (good) CHECK((*read)->facts() == (*parsed)->facts());
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  bool used = (*read)->use_in(context.get());
  CHECK(good || !used);
}

inline std::string pem_of(const char* label, std::string_view der) {
  BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio(out.get(), label, "", reinterpret_cast<const unsigned char*>(der.data()),
                static_cast<long>(der.size()));
  char* text = nullptr;
  long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

/// An input of the fuzzer as two texts. Its first byte says how the rest is read: 't': two texts
/// with a zero byte between them; else two times DER, of which the first has its length in front,
/// in two bytes, and the second is a key of the kind 'e' (EC), 'r' (RSA) or any.
struct LeafInput {
  std::string crt, key;

  explicit LeafInput(std::string_view input) {
    if (input.size() < 3) return;
    char kind = input[0];
    input.remove_prefix(1);
    if (kind == 't') {
      size_t middle = std::min(input.find('\0'), input.size() - 1);
      crt = input.substr(0, middle);
      key = input.substr(middle + 1);
      return;
    }
    size_t size = static_cast<size_t>(static_cast<unsigned char>(input[0])) << 8 |
                  static_cast<unsigned char>(input[1]);
    input.remove_prefix(2);
    size = std::min(size, input.size());
    crt = pem_of("CERTIFICATE", input.substr(0, size));
    key = pem_of(kind == 'e'   ? "EC PRIVATE KEY"
                 : kind == 'r' ? "RSA PRIVATE KEY"
                               : "PRIVATE KEY",
                 input.substr(size));
  }
};

}  // namespace sallyport
