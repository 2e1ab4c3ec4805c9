#include "tests/sim/certificates.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <optional>

#include "dataplane/base/check.h"
#include "tests/sim/random.h"

namespace sallyport::sim {

namespace {

/// FNV-1a: keys and serials follow from names.
uint64_t hash_of(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return hash;
}

EvpPkeyPtr key_of(const std::string& name) {
  Random random(hash_of(name));
  uint8_t bytes[32];
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.next());
  EvpPkeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes, sizeof bytes));
  CHECK(key);
  return key;
}

template <class Write>
std::string pem_of(Write&& write) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  CHECK(write(bio.get()) == 1);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  CHECK(extension != nullptr);
  CHECK(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Identity begin_identity(const std::string& name) {
  Identity made;
  made.key = key_of(name);
  made.certificate.reset(X509_new());
  X509* x = made.certificate.get();
  CHECK(X509_set_version(x, X509_VERSION_3) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), hash_of("serial of " + name) >> 1 | 1);
  ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20200101000000Z");
  ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "21200101000000Z");
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, text, -1, -1, 0);
  CHECK(X509_set_pubkey(x, made.key.get()) == 1);
  return made;
}

void end_identity(Identity& made, EVP_PKEY* signer) {
  CHECK(X509_sign(made.certificate.get(), signer, nullptr) > 0);
  made.crt_pem = pem_of([&](BIO* b) { return PEM_write_bio_X509(b, made.certificate.get()); });
  made.key_pem = pem_of([&](BIO* b) {
    return PEM_write_bio_PKCS8PrivateKey(b, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::optional<Random> openssl_random;

int random_bytes(unsigned char* into, int count) {
  for (int i = 0; i < count; ++i) into[i] = static_cast<unsigned char>(openssl_random->next());
  return 1;
}

int random_status() { return 1; }

// The interface is deprecated in favour of providers, which would be five times as long.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void set_random_method(const RAND_METHOD* method) { RAND_set_rand_method(method); }
#pragma GCC diagnostic pop

const RAND_METHOD kSeededMethod = {nullptr, random_bytes, nullptr,
                                   nullptr, random_bytes, random_status};

}  // namespace

Authority::Authority(const std::string& name) : own_(begin_identity(name)) {
  X509* x = own_.certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(x));
  add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(x, x, NID_subject_key_identifier, "hash");
  end_identity(own_, own_.key.get());
}

Identity Authority::issue(const std::vector<std::string>& hosts) const {
  CHECK(!hosts.empty());
  Identity made = begin_identity(hosts.front());
  X509* x = made.certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(certificate()));
  std::string names;
  for (const std::string& host : hosts) names += (names.empty() ? "DNS:" : ",DNS:") + host;
  add_extension(x, certificate(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x, certificate(), NID_key_usage, "critical,digitalSignature");
  add_extension(x, certificate(), NID_ext_key_usage, "serverAuth,clientAuth");
  add_extension(x, certificate(), NID_authority_key_identifier, "keyid");
  add_extension(x, certificate(), NID_subject_alt_name, names);
  end_identity(made, own_.key.get());
  return made;
}

SeededOpenssl::SeededOpenssl(uint64_t seed) {
  openssl_random.emplace(seed);
  set_random_method(&kSeededMethod);
}

SeededOpenssl::~SeededOpenssl() { set_random_method(nullptr); }

}  // namespace sallyport::sim
