#include "dataplane/tls/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace sallyport {

namespace {

BioPtr memory_bio(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without this OpenSSL would ask the terminal for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void*) { return -1; }

// The last read of a PEM text always fails: at its end, or at something that is not what was
// asked for.
bool was_at_end() {
  unsigned long error = ERR_peek_last_error();
  bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return at_end;
}

// The DNS SANs, lower case as written; with none, the CN.
std::vector<std::string> dns_names(X509* leaf) {
  std::vector<std::string> names;
  auto* sans = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(sans); ++i) {
    const GENERAL_NAME* san = sk_GENERAL_NAME_value(sans, i);
    if (san->type != GEN_DNS) continue;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(san->d.dNSName)),
                       static_cast<size_t>(ASN1_STRING_length(san->d.dNSName)));
  }
  GENERAL_NAMES_free(sans);
  if (names.empty()) {
    char common[256];
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, common,
                                  sizeof common) > 0) {
      names.emplace_back(common);
    }
  }
  return names;
}

}  // namespace

X509StackPtr parse_certificates(std::string_view pem) {
  X509StackPtr all(sk_X509_new_null());
  BioPtr bio = memory_bio(pem);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    sk_X509_push(all.get(), one);
  }
  if (!was_at_end()) return nullptr;
  return all;
}

Result<std::shared_ptr<const Certificate>> Certificate::parse(std::string_view crt,
                                                              std::string_view key) {
  auto made = std::make_shared<Certificate>();
  made->chain_ = parse_certificates(crt);
  if (!made->chain_ || sk_X509_num(made->chain_.get()) == 0) {
    return Error{"tls.crt holds no PEM certificate, or something else after one"};
  }
  made->leaf_.reset(sk_X509_shift(made->chain_.get()));
  BioPtr bio = memory_bio(key);
  made->key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!made->key_) {
    ERR_clear_error();
    return Error{"tls.key holds no PEM private key, or one that is encrypted"};
  }
  if (X509_check_private_key(made->leaf_.get(), made->key_.get()) != 1) {
    ERR_clear_error();
    return Error{"tls.key does not fit the first certificate of tls.crt"};
  }
  return std::shared_ptr<const Certificate>(std::move(made));
}

bool Certificate::covers(const std::string& host) const {
  if (host.starts_with("*.")) {
    std::vector<std::string> names = dns_names(leaf_.get());
    return std::any_of(names.begin(), names.end(), [&](const std::string& n) {
      return n.size() == host.size() && strcasecmp(n.c_str(), host.c_str()) == 0;
    });
  }
  return X509_check_host(leaf_.get(), host.data(), host.size(),
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

std::string Certificate::names() const {
  std::string text;
  for (const std::string& n : dns_names(leaf_.get())) text += (text.empty() ? "" : ", ") + n;
  return text.empty() ? "no DNS name" : text;
}

bool Certificate::is_rsa() const { return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA; }

std::shared_ptr<const Certificate> Certificate::stapled(const Certificate& plain,
                                                        const std::string& secret,
                                                        std::string_view ca_crt,
                                                        const std::string& responder) {
  auto made = std::make_shared<Certificate>();
  X509_up_ref(plain.leaf_.get());
  made->leaf_.reset(plain.leaf_.get());
  made->chain_.reset(X509_chain_up_ref(plain.chain_.get()));
  EVP_PKEY_up_ref(plain.key_.get());
  made->key_.reset(plain.key_.get());
  made->stapling_ = std::make_shared<Stapling>(
      secret, OcspQuestion::make(made->leaf_.get(), made->chain_.get(), ca_crt, responder));
  return made;
}

bool Certificate::use_in(SSL* ssl) const {
  return SSL_use_cert_and_key(ssl, leaf_.get(), key_.get(), chain_.get(), 1) == 1;
}

bool Certificate::use_in(SSL_CTX* context) const {
  return SSL_CTX_use_cert_and_key(context, leaf_.get(), key_.get(), chain_.get(), 1) == 1;
}

Result<X509StorePtr> parse_authorities(std::string_view ca, std::string_view crl) {
  X509StackPtr all = parse_certificates(ca);
  if (!all || sk_X509_num(all.get()) == 0) {
    return Error{"ca.crt holds no PEM certificate, or something else after one"};
  }
  X509StorePtr store(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(all.get()); ++i) {
    X509_STORE_add_cert(store.get(), sk_X509_value(all.get(), i));
  }
  if (crl.empty()) return store;

  BioPtr bio = memory_bio(crl);
  int lists = 0;
  while (X509CrlPtr one{PEM_read_bio_X509_CRL(bio.get(), nullptr, no_passphrase, nullptr)}) {
    X509_STORE_add_crl(store.get(), one.get());
    ++lists;
  }
  // A list that is left out revokes nobody.
  if (!was_at_end() || lists == 0) {
    return Error{"ca.crl holds no PEM certificate revocation list, or something else after one"};
  }
  X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK);
  return store;
}

STACK_OF(X509_NAME)* authority_names(std::string_view ca) {
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  X509StackPtr all = parse_certificates(ca);
  for (int i = 0; all && i < sk_X509_num(all.get()); ++i) {
    sk_X509_NAME_push(names, X509_NAME_dup(X509_get_subject_name(sk_X509_value(all.get(), i))));
  }
  return names;
}

std::string content_hash(std::initializer_list<std::string_view> parts) {
  std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>> digest(EVP_MD_CTX_new());
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  for (std::string_view part : parts) {
    uint64_t size = part.size();
    EVP_DigestUpdate(digest.get(), &size, sizeof size);
    EVP_DigestUpdate(digest.get(), part.data(), part.size());
  }
  unsigned char out[32];
  EVP_DigestFinal_ex(digest.get(), out, nullptr);
  return {reinterpret_cast<char*>(out), sizeof out};
}

}  // namespace sallyport
