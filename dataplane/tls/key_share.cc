#include "dataplane/tls/key_share.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <strings.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/tls/own_provider.h"

namespace sallyport {

namespace {

constexpr char kName[] = "X25519";
constexpr size_t kSize = 32;  // of each half of a key

/// Of the default provider.
struct Theirs {
  EVP_KEYMGMT* fetched = nullptr;  // never freed: it holds the provider
  const OSSL_PROVIDER* provider = nullptr;
  void* context = nullptr;
  const OSSL_ALGORITHM* keys = nullptr;
  const OSSL_ALGORITHM* exchange = nullptr;

  OSSL_FUNC_keymgmt_new_fn* make = nullptr;
  OSSL_FUNC_keymgmt_free_fn* free = nullptr;
  OSSL_FUNC_keymgmt_import_fn* import = nullptr;
  OSSL_FUNC_keymgmt_match_fn* match = nullptr;

  OSSL_FUNC_keyexch_newctx_fn* begin = nullptr;
  OSSL_FUNC_keyexch_init_fn* take_own = nullptr;
  OSSL_FUNC_keyexch_set_peer_fn* take_peer = nullptr;
  OSSL_FUNC_keyexch_derive_fn* derive = nullptr;
  OSSL_FUNC_keyexch_freectx_fn* end = nullptr;

  bool find();
};

Theirs theirs;

template <class Function>
bool find_function(const OSSL_ALGORITHM* algorithm, int id, Function*& into) {
  for (const OSSL_DISPATCH* f = algorithm->implementation; f->function_id != 0; ++f) {
    if (f->function_id == id) into = reinterpret_cast<Function*>(f->function);
  }
  return into;
}

// Names are separated by colons, ours is the first.
const OSSL_ALGORITHM* find_algorithm(const OSSL_PROVIDER* provider, int operation) {
  int no_cache = 0;
  const OSSL_ALGORITHM* all = OSSL_PROVIDER_query_operation(provider, operation, &no_cache);
  for (; all && all->algorithm_names; ++all) {
    std::string_view names = all->algorithm_names;
    if (names.substr(0, names.find(':')) == kName) return all;
  }
  return nullptr;
}

bool Theirs::find() {
  fetched = EVP_KEYMGMT_fetch(nullptr, kName, nullptr);
  provider = fetched ? EVP_KEYMGMT_get0_provider(fetched) : nullptr;
  if (!provider || OSSL_PROVIDER_get0_name(provider) != std::string_view("default")) return false;
  context = OSSL_PROVIDER_get0_provider_ctx(provider);
  keys = find_algorithm(provider, OSSL_OP_KEYMGMT);
  exchange = find_algorithm(provider, OSSL_OP_KEYEXCH);
  return keys && exchange && find_function(keys, OSSL_FUNC_KEYMGMT_NEW, make) &&
         find_function(keys, OSSL_FUNC_KEYMGMT_FREE, free) &&
         find_function(keys, OSSL_FUNC_KEYMGMT_IMPORT, import) &&
         find_function(keys, OSSL_FUNC_KEYMGMT_MATCH, match) &&
         find_function(exchange, OSSL_FUNC_KEYEXCH_NEWCTX, begin) &&
         find_function(exchange, OSSL_FUNC_KEYEXCH_INIT, take_own) &&
         find_function(exchange, OSSL_FUNC_KEYEXCH_SET_PEER, take_peer) &&
         find_function(exchange, OSSL_FUNC_KEYEXCH_DERIVE, derive) &&
         find_function(exchange, OSSL_FUNC_KEYEXCH_FREECTX, end);
}

bool import_halves(void* key, uint8_t* secret, uint8_t* point) {
  OSSL_PARAM halves[3] = {};
  size_t n = 0;
  int selection = 0;
  auto add = [&](const char* name, uint8_t* bytes, int half) {
    if (!bytes) return;
    halves[n++] = OSSL_PARAM_construct_octet_string(name, bytes, kSize);
    selection |= half;
  };
  add(OSSL_PKEY_PARAM_PRIV_KEY, secret, OSSL_KEYMGMT_SELECT_PRIVATE_KEY);
  add(OSSL_PKEY_PARAM_PUB_KEY, point, OSSL_KEYMGMT_SELECT_PUBLIC_KEY);
  halves[n] = OSSL_PARAM_construct_end();
  return theirs.import(key, selection, halves) == 1;
}

// What becomes of the key's public half by its secret one.
bool multiply(void* key, uint8_t* into) {
  void* exchange = theirs.begin(theirs.context);
  if (!exchange) return false;
  size_t size = 0;
  bool good = theirs.take_own(exchange, key, nullptr) == 1 &&
              theirs.take_peer(exchange, key) == 1 &&
              theirs.derive(exchange, into, &size, kSize) == 1 && size == kSize;
  theirs.end(exchange);
  return good;
}

bool fill(void* key, uint8_t* secret) {
  if (RAND_priv_bytes(secret, kSize) != 1) return false;
  secret[0] &= 248;
  secret[kSize - 1] &= 127;
  secret[kSize - 1] |= 64;
  uint8_t point[kSize] = {9};
  return import_halves(key, secret, point) && multiply(key, point) &&
         import_halves(key, nullptr, point);
}

/// What is to be made.
enum class Wish : uint8_t { Pair, Parameters };
Wish wishes[] = {Wish::Pair, Wish::Parameters};

// Its name is all that a group may be asked for.
int set_wish(void*, const OSSL_PARAM parameters[]) {
  const OSSL_PARAM* group = OSSL_PARAM_locate_const(parameters, OSSL_PKEY_PARAM_GROUP_NAME);
  if (!group) return 1;
  const char* name = nullptr;
  return OSSL_PARAM_get_utf8_string_ptr(group, &name) == 1 && name && strcasecmp(name, kName) == 0;
}

const OSSL_PARAM* settable(void*, void*) {
  static const OSSL_PARAM all[] = {
      OSSL_PARAM_DEFN(OSSL_PKEY_PARAM_GROUP_NAME, OSSL_PARAM_UTF8_STRING, nullptr, 0),
      OSSL_PARAM_END};
  return all;
}

void* wish(void*, int selection, const OSSL_PARAM parameters[]) {
  if (parameters && !set_wish(nullptr, parameters)) return nullptr;
  return &wishes[(selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0];
}

void forget(void*) {}

void* grant(void* wish, OSSL_CALLBACK*, void*) {
  void* key = theirs.make(theirs.context);
  if (!key || *static_cast<Wish*>(wish) == Wish::Parameters) return key;
  uint8_t secret[kSize];
  bool good = fill(key, secret);
  OPENSSL_cleanse(secret, kSize);
  if (!good) theirs.free(std::exchange(key, nullptr));
  return key;
}

// Given the secret half alone, the other provider makes the public one by itself.
bool makes_the_same() {
  void* ours = theirs.make(theirs.context);
  void* other = theirs.make(theirs.context);
  uint8_t secret[kSize];
  bool same = ours && other && fill(ours, secret) && import_halves(other, secret, nullptr) &&
              theirs.match(ours, other, OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 1;
  OPENSSL_cleanse(secret, kSize);
  theirs.free(ours);
  theirs.free(other);
  return same;
}

// What is the same wherever a key comes from.
bool is_of_any_key(int function) {
  switch (function) {
    case OSSL_FUNC_KEYMGMT_NEW:
    case OSSL_FUNC_KEYMGMT_LOAD:
    case OSSL_FUNC_KEYMGMT_FREE:
    case OSSL_FUNC_KEYMGMT_DUP:
    case OSSL_FUNC_KEYMGMT_GET_PARAMS:
    case OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS:
    case OSSL_FUNC_KEYMGMT_SET_PARAMS:
    case OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS:
    case OSSL_FUNC_KEYMGMT_HAS:
    case OSSL_FUNC_KEYMGMT_VALIDATE:
    case OSSL_FUNC_KEYMGMT_MATCH:
    case OSSL_FUNC_KEYMGMT_IMPORT:
    case OSSL_FUNC_KEYMGMT_IMPORT_TYPES:
    case OSSL_FUNC_KEYMGMT_EXPORT:
    case OSSL_FUNC_KEYMGMT_EXPORT_TYPES: return true;
    default: return false;
  }
}

const OSSL_DISPATCH* functions_of_keys() {
  static const std::vector<OSSL_DISPATCH> functions = [] {
    std::vector<OSSL_DISPATCH> all = {
        provider_function(OSSL_FUNC_KEYMGMT_GEN_INIT, wish),
        provider_function(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, set_wish),
        provider_function(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, settable),
        provider_function(OSSL_FUNC_KEYMGMT_GEN, grant),
        provider_function(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, forget)};
    for (const OSSL_DISPATCH* f = theirs.keys->implementation; f->function_id != 0; ++f) {
      if (is_of_any_key(f->function_id)) all.push_back(*f);
    }
    all.push_back({0, nullptr});
    return all;
  }();
  return functions.data();
}

int name_if_ours(const OSSL_PARAM group[], void* to) {
  const OSSL_PARAM* algorithm = OSSL_PARAM_locate_const(group, OSSL_CAPABILITY_TLS_GROUP_ALG);
  const char* name = nullptr;
  if (!algorithm || OSSL_PARAM_get_utf8_string_ptr(algorithm, &name) != 1) return 1;
  auto [each, argument] = *static_cast<std::pair<OSSL_CALLBACK*, void*>*>(to);
  return name != std::string_view(kName) || each(group, argument);
}

}  // namespace

const KeyShares* key_shares() {
  static const bool good = theirs.find() && makes_the_same();
  if (!good) return nullptr;
  static const OSSL_ALGORITHM keys[] = {
      {theirs.keys->algorithm_names, kOwnProperties, functions_of_keys(), nullptr},
      {nullptr, nullptr, nullptr, nullptr}};
  static const OSSL_ALGORITHM exchange[] = {
      {theirs.exchange->algorithm_names, kOwnProperties, theirs.exchange->implementation, nullptr},
      {nullptr, nullptr, nullptr, nullptr}};
  static const KeyShares all = {keys, exchange, theirs.context};
  return &all;
}

int name_key_share_group(const char* capability, OSSL_CALLBACK* each, void* argument) {
  if (capability != std::string_view("TLS-GROUP")) return 1;
  std::pair<OSSL_CALLBACK*, void*> to{each, argument};
  return OSSL_PROVIDER_get_capabilities(theirs.provider, capability, name_if_ours, &to);
}

}  // namespace sallyport
