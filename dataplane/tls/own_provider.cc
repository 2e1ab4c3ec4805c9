#include "dataplane/tls/own_provider.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include <memory>
#include <string_view>

#include "dataplane/tls/key_schedule.h"
#include "dataplane/tls/key_share.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

namespace {

constexpr char kProvider[] = "sallyport";
// Preferred, not required: all other algorithms are of whom OpenSSL takes them from. Not by the
// property "provider", because that would overrule one in the default properties of openssl.cnf.
constexpr char kQuery[] = "?sallyport.tls=yes";

const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
  *no_cache = 0;
  const KeyShares* shares = key_shares();
  switch (operation) {
    case OSSL_OP_KDF: return key_schedule_algorithms();
    case OSSL_OP_KEYMGMT: return shares ? shares->keys : nullptr;
    case OSSL_OP_KEYEXCH: return shares ? shares->exchange : nullptr;
    default: return nullptr;
  }
}

int capabilities(void*, const char* capability, OSSL_CALLBACK* each, void* argument) {
  return key_shares() ? name_key_share_group(capability, each, argument) : 1;
}

int begin(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions,
          void** context) {
  static const OSSL_DISPATCH own[] = {
      provider_function(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
      provider_function(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, capabilities),
      {0, nullptr}};
  *functions = own;
  const KeyShares* shares = key_shares();
  *context = shares ? shares->context : const_cast<OSSL_CORE_HANDLE*>(handle);
  return 1;
}

using KdfPtr = std::unique_ptr<EVP_KDF, OpensslFree<EVP_KDF_free>>;

std::string_view provider_of(const KdfPtr& kdf) {
  return kdf ? OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf.get())) : "";
}

KdfPtr fetch(const char* wanted) {
  return KdfPtr(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, wanted));
}

// Null: OpenSSL does not take ours, or shall not.
OSSL_PROVIDER* load() {
  if (provider_of(fetch(nullptr)) != "default") return nullptr;
  key_shares();  // looks at what there is without us
  if (OSSL_PROVIDER_add_builtin(nullptr, kProvider, begin) != 1) return nullptr;
  // With the default one still loaded where nobody names it.
  OSSL_PROVIDER* loaded = OSSL_PROVIDER_try_load(nullptr, kProvider, 1);
  if (!loaded || provider_of(fetch(kQuery)) == kProvider) return loaded;
  OSSL_PROVIDER_unload(loaded);
  return nullptr;
}

}  // namespace

const char* own_provider_query() {
  // Held as long as the process lives: OpenSSL may want it until its own end.
  static const OSSL_PROVIDER* const loaded = [] {
    OSSL_PROVIDER* provider = load();
    ERR_clear_error();
    return provider;
  }();
  return loaded ? kQuery : nullptr;
}

}  // namespace sallyport
