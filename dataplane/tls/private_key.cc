#include "dataplane/tls/private_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <string>
#include <vector>

#include "dataplane/tls/key_text.h"

namespace sallyport {

namespace {

using BnPtr = std::unique_ptr<BIGNUM, OpensslFree<BN_clear_free>>;
using PointPtr = std::unique_ptr<EC_POINT, OpensslFree<EC_POINT_free>>;
using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<EVP_PKEY_CTX_free>>;

/// Groups are made once and never freed: making one costs as much as half a key.
struct Curve {
  std::string_view oid;
  const char* name;
  const EC_GROUP* group;
};

const Curve* find_curve(std::string_view oid) {
  using namespace std::string_view_literals;
  static const std::array<Curve, 3> kCurves = {{
      {"\x2a\x86\x48\xce\x3d\x03\x01\x07"sv, "P-256",
       EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)},
      {"\x2b\x81\x04\x00\x22"sv, "P-384", EC_GROUP_new_by_curve_name(NID_secp384r1)},
      {"\x2b\x81\x04\x00\x23"sv, "P-521", EC_GROUP_new_by_curve_name(NID_secp521r1)},
  }};
  for (const Curve& curve : kCurves) {
    if (curve.oid == oid && curve.group) return &curve;
  }
  return nullptr;
}

BnPtr number(std::string_view bytes) {
  BnPtr made(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                       static_cast<int>(bytes.size()), nullptr));
  if (made) BN_set_flags(made.get(), BN_FLG_CONSTTIME);
  return made;
}

bool belong_together(const KeyText::Ec& key, const EC_GROUP* group) {
  BnPtr secret = number(key.secret);
  PointPtr made(EC_POINT_new(group));
  if (!secret || !made || BN_is_zero(secret.get()) ||
      BN_cmp(secret.get(), EC_GROUP_get0_order(group)) >= 0 ||
      EC_POINT_mul(group, made.get(), secret.get(), nullptr, nullptr, nullptr) != 1) {
    return false;
  }
  unsigned char point[133];  // of P-521
  size_t size = EC_POINT_point2oct(group, made.get(), POINT_CONVERSION_UNCOMPRESSED, point,
                                   sizeof point, nullptr);
  return key.point == std::string_view(reinterpret_cast<char*>(point), size);
}

/// Parameters of a key, with the memory of their numbers, which is wiped.
class KeyParameters {
 public:
  KeyParameters() { all_.reserve(kMost); }
  ~KeyParameters() {
    for (std::string& bytes : memory_) OPENSSL_cleanse(bytes.data(), bytes.size());
  }
  KeyParameters(const KeyParameters&) = delete;
  KeyParameters& operator=(const KeyParameters&) = delete;

  // What is big-endian becomes as this machine has it, which is the other way round.
  void add_number(const char* name, std::string_view big_endian) {
    std::string& bytes = memory_[used_++];
    bytes.reserve(big_endian.size());
    bytes.assign(big_endian.rbegin(), big_endian.rend());
    if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
    all_.push_back(OSSL_PARAM_construct_BN(name, reinterpret_cast<unsigned char*>(bytes.data()),
                                           bytes.size()));
  }
  void add_bytes(const char* name, std::string_view bytes) {
    all_.push_back(OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()),
                                                     bytes.size()));
  }
  void add_text(const char* name, const char* text) {
    all_.push_back(OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(text), 0));
  }

  EvpPkeyPtr make(const char* algorithm) {
    all_.push_back(OSSL_PARAM_construct_end());
    ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
    EVP_PKEY* key = nullptr;
    bool made = context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, all_.data()) == 1;
    ERR_clear_error();
    return EvpPkeyPtr(made ? key : nullptr);
  }

 private:
  static constexpr size_t kMost = 9;
  std::array<std::string, kMost> memory_;
  size_t used_ = 0;
  std::vector<OSSL_PARAM> all_;
};

EvpPkeyPtr make_ec(const KeyText::Ec& key, const char* curve) {
  KeyParameters parameters;
  parameters.add_text(OSSL_PKEY_PARAM_GROUP_NAME, curve);
  parameters.add_bytes(OSSL_PKEY_PARAM_PUB_KEY, key.point);
  parameters.add_number(OSSL_PKEY_PARAM_PRIV_KEY, key.secret);
  return parameters.make("EC");
}

EvpPkeyPtr make_rsa(const KeyText::Rsa& key) {
  constexpr const char* kNames[] = {
      OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,         OSSL_PKEY_PARAM_RSA_D,
      OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
      OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
  KeyParameters parameters;
  for (size_t i = 0; i < std::size(kNames); ++i) parameters.add_number(kNames[i], key.numbers[i]);
  return parameters.make("RSA");
}

// Without this OpenSSL would ask the terminal for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<PrivateKey> read_by_openssl(std::string_view pem) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EvpPkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return Error{"tls.key holds no PEM private key, or one that is encrypted"};
  return PrivateKey{std::move(key), PrivateKey::Halves::Unknown};
}

}  // namespace

Result<PrivateKey> read_private_key(std::string_view pem) {
  KeyText text(pem);
  PrivateKey made;
  const Curve* curve = text.ec() ? find_curve(text.ec()->curve) : nullptr;
  // A point may be written in less bytes; whoever does that is read by OpenSSL.
  if (curve && text.ec()->point.starts_with('\x04')) {
    bool fit = belong_together(*text.ec(), curve->group);
    made.halves = fit ? PrivateKey::Halves::Fit : PrivateKey::Halves::Foreign;
    if (!fit) return made;
    made.key = make_ec(*text.ec(), curve->name);
  } else if (text.rsa()) {
    made.key = make_rsa(*text.rsa());
  }
  if (made.key) return made;
  return read_by_openssl(pem);
}

}  // namespace sallyport
