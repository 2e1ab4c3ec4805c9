// The hashes below EVP are what this is about. They are deprecated because no provider can stand
// behind them; own_provider_query() sees to it that none is wanted to.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "dataplane/tls/key_schedule.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>
#include <strings.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "dataplane/base/bytes.h"
#include "dataplane/tls/own_provider.h"

namespace sallyport {

namespace {

thread_local CarriedTls* noting = nullptr;

struct Sha256 {
  using State = SHA256_CTX;
  static constexpr size_t kSize = SHA256_DIGEST_LENGTH, kBlock = SHA256_CBLOCK;
  static bool begin(State& s) { return SHA256_Init(&s) == 1; }
  static bool add(State& s, Bytes b) { return SHA256_Update(&s, b.data(), b.size()) == 1; }
  static bool end(State& s, uint8_t* out) { return SHA256_Final(out, &s) == 1; }
};

struct Sha384 {
  using State = SHA512_CTX;
  static constexpr size_t kSize = SHA384_DIGEST_LENGTH, kBlock = SHA512_CBLOCK;
  static bool begin(State& s) { return SHA384_Init(&s) == 1; }
  static bool add(State& s, Bytes b) { return SHA384_Update(&s, b.data(), b.size()) == 1; }
  static bool end(State& s, uint8_t* out) { return SHA384_Final(out, &s) == 1; }
};

/// Memory that held something secret.
template <size_t Size>
struct Secret {
  uint8_t bytes[Size] = {};
  ~Secret() { OPENSSL_cleanse(bytes, Size); }
};

/// RFC 2104.
template <class Hash>
class Hmac {
 public:
  explicit Hmac(Bytes key) {
    if (key.size() > Hash::kBlock) {
      good_ = Hash::begin(state_) && Hash::add(state_, key) && Hash::end(state_, pad_.bytes);
    } else if (!key.empty()) {
      std::memcpy(pad_.bytes, key.data(), key.size());
    }
    for (uint8_t& b : pad_.bytes) b ^= kInner;
    good_ = good_ && Hash::begin(state_) && Hash::add(state_, pad_.bytes);
  }
  ~Hmac() { OPENSSL_cleanse(&state_, sizeof state_); }

  void add(Bytes bytes) { good_ = good_ && Hash::add(state_, bytes); }
  bool end(uint8_t* out) {
    Secret<Hash::kSize> inner;
    for (uint8_t& b : pad_.bytes) b ^= kInner ^ kOuter;
    return good_ && Hash::end(state_, inner.bytes) && Hash::begin(state_) &&
           Hash::add(state_, pad_.bytes) && Hash::add(state_, inner.bytes) &&
           Hash::end(state_, out);
  }

 private:
  static constexpr uint8_t kInner = 0x36, kOuter = 0x5c;

  typename Hash::State state_;
  Secret<Hash::kBlock> pad_;
  bool good_ = true;
};

/// What OpenSSL says with a call. The views are of its memory, for the call.
struct Wish {
  enum class Mode : uint8_t { None, Extract, Expand };

  Mode mode = Mode::None;
  std::string_view digest;
  Bytes key, salt, prefix, label, data;
  bool has_key = false, has_salt = false;
};

// RFC 5869 section 2.3, with the info of RFC 8446 section 7.1: HKDF-Expand-Label.
template <class Hash>
bool expand_label(Bytes secret, const Wish& wish, Bytes data, MutableBytes out) {
  constexpr size_t kMost8 = 255, kMost16 = 65535, kMostBlocks = 255;
  size_t label_size = wish.prefix.size() + wish.label.size();
  if (label_size > kMost8 || data.size() > kMost8 || out.empty()) return false;
  if (out.size() > kMost16 || out.size() > kMostBlocks * Hash::kSize) return false;
  const uint8_t size[] = {static_cast<uint8_t>(out.size() >> 8), static_cast<uint8_t>(out.size()),
                          static_cast<uint8_t>(label_size)};
  const uint8_t data_size[] = {static_cast<uint8_t>(data.size())};
  Secret<Hash::kSize> block;
  uint8_t number = 1;
  for (size_t at = 0; at < out.size(); at += Hash::kSize, ++number) {
    Hmac<Hash> hmac(secret);
    if (number > 1) hmac.add(block.bytes);
    for (Bytes part : {Bytes(size), wish.prefix, wish.label, Bytes(data_size), data,
                       Bytes(&number, 1)}) {
      hmac.add(part);
    }
    if (!hmac.end(block.bytes)) return false;
    std::memcpy(out.data() + at, block.bytes, std::min(Hash::kSize, out.size() - at));
  }
  return true;
}

// The next of the three secrets that all others come from: HKDF-Extract, with what Derive-Secret
// makes of the one before it.
template <class Hash>
bool extract(const Wish& wish, MutableBytes out) {
  if (out.size() != Hash::kSize) return false;
  const uint8_t zeros[Hash::kSize] = {};
  Secret<Hash::kSize> salt;
  if (wish.has_salt) {
    typename Hash::State state;
    uint8_t of_nothing[Hash::kSize];
    bool good = Hash::begin(state) && Hash::end(state, of_nothing);
    if (!good || !expand_label<Hash>(wish.salt, wish, of_nothing, salt.bytes)) return false;
  }
  Hmac<Hash> hmac(wish.has_salt ? Bytes(salt.bytes) : Bytes());
  hmac.add(wish.has_key ? wish.key : Bytes(zeros));
  return hmac.end(out.data());
}

template <class Hash>
bool grant(const Wish& wish, MutableBytes out) {
  switch (wish.mode) {
    case Wish::Mode::Extract: return extract<Hash>(wish, out);
    case Wish::Mode::Expand:
      if (!wish.has_key || !expand_label<Hash>(wish.key, wish, wish.data, out)) return false;
      if (noting) noting->note(as_text(wish.label), out);
      return true;
    case Wish::Mode::None: return false;
  }
  return false;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view n) {
    return n.size() == name.size() && strncasecmp(n.data(), name.data(), n.size()) == 0;
  });
}

bool read_octets(const OSSL_PARAM& parameter, Bytes& into) {
  const void* data = nullptr;
  size_t size = 0;
  if (OSSL_PARAM_get_octet_string_ptr(&parameter, &data, &size) != 1) return false;
  into = {static_cast<const uint8_t*>(data), size};
  return true;
}

bool read_mode(const OSSL_PARAM& parameter, Wish::Mode& mode) {
  int number = -1;
  if (OSSL_PARAM_get_int(&parameter, &number) != 1) return false;
  if (number == EVP_KDF_HKDF_MODE_EXTRACT_ONLY) mode = Wish::Mode::Extract;
  if (number == EVP_KDF_HKDF_MODE_EXPAND_ONLY) mode = Wish::Mode::Expand;
  return mode != Wish::Mode::None;
}

bool read_digest(const OSSL_PARAM& parameter, std::string_view& name) {
  const char* text = nullptr;
  if (OSSL_PARAM_get_utf8_string_ptr(&parameter, &text) != 1 || !text) return false;
  name = text;
  return true;
}

// Of what OpenSSL says here, "properties" is left: from where it would take the hash.
bool read_wish(const OSSL_PARAM* parameters, Wish& wish) {
  for (const OSSL_PARAM* p = parameters; p && p->key; ++p) {
    std::string_view key = p->key;
    bool good = true;
    if (key == OSSL_KDF_PARAM_MODE) good = read_mode(*p, wish.mode);
    if (key == OSSL_KDF_PARAM_DIGEST) good = read_digest(*p, wish.digest);
    if (key == OSSL_KDF_PARAM_KEY) good = wish.has_key = read_octets(*p, wish.key);
    if (key == OSSL_KDF_PARAM_SALT) good = wish.has_salt = read_octets(*p, wish.salt);
    if (key == OSSL_KDF_PARAM_PREFIX) good = read_octets(*p, wish.prefix);
    if (key == OSSL_KDF_PARAM_LABEL) good = read_octets(*p, wish.label);
    if (key == OSSL_KDF_PARAM_DATA) good = read_octets(*p, wish.data);
    if (!good) return false;
  }
  return true;
}

int derive(void*, unsigned char* out, size_t size, const OSSL_PARAM parameters[]) {
  Wish wish;
  if (!read_wish(parameters, wish)) return 0;
  MutableBytes room{out, size};
  if (is_one_of(wish.digest, {"SHA256", "SHA2-256", "SHA-256"})) return grant<Sha256>(wish, room);
  if (is_one_of(wish.digest, {"SHA384", "SHA2-384", "SHA-384"})) return grant<Sha384>(wish, room);
  return 0;
}

// OpenSSL wants a context. All that there would be in it comes with derive(), which is how its TLS
// calls it; what is set before is not kept, and then missing.
void* new_context(void*) {
  static char nothing;
  return &nothing;
}
void free_context(void*) {}
void reset_context(void*) {}

}  // namespace

bool derive_from(Bytes secret, std::string_view label, MutableBytes out) {
  Wish wish;
  wish.prefix = as_bytes("tls13 ");
  wish.label = as_bytes(label);
  if (secret.size() == Sha256::kSize) return expand_label<Sha256>(secret, wish, {}, out);
  return secret.size() == Sha384::kSize && expand_label<Sha384>(secret, wish, {}, out);
}

DerivationsNoted::DerivationsNoted(CarriedTls* into) { noting = into; }
DerivationsNoted::~DerivationsNoted() { noting = nullptr; }

const OSSL_ALGORITHM* key_schedule_algorithms() {
  static const OSSL_DISPATCH functions[] = {
      provider_function(OSSL_FUNC_KDF_NEWCTX, new_context),
      provider_function(OSSL_FUNC_KDF_FREECTX, free_context),
      provider_function(OSSL_FUNC_KDF_RESET, reset_context),
      provider_function(OSSL_FUNC_KDF_DERIVE, derive),
      {0, nullptr}};
  static const OSSL_ALGORITHM algorithms[] = {
      {OSSL_KDF_NAME_TLS1_3_KDF, kOwnProperties, functions, nullptr},
      {nullptr, nullptr, nullptr, nullptr}};
  return algorithms;
}

}  // namespace sallyport
