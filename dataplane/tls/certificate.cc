#include "dataplane/tls/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <strings.h>
#include <time.h>

#include <algorithm>
#include <limits>

#include "dataplane/tls/private_key.h"

namespace sallyport {

namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;

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

LeafFacts facts_of(X509* leaf) {
  LeafFacts facts;
  facts.names = dns_names(leaf);
  facts.not_before = seconds_of(X509_get0_notBefore(leaf));
  facts.not_after = seconds_of(X509_get0_notAfter(leaf));
  facts.rsa = EVP_PKEY_get_base_id(X509_get0_pubkey(leaf)) == EVP_PKEY_RSA;
  return facts;
}

constexpr const char* kForeignKey = "tls.key does not fit the first certificate of tls.crt";

// Of a private key the public half is written beside it, and that half is what OpenSSL compares.
// For kinds of keys of which reading says nothing more.
bool signs_for(EVP_PKEY* key, X509* leaf) {
  int kind = EVP_PKEY_get_base_id(key);
  const EVP_MD* digest = kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? nullptr
                                                                            : EVP_sha256();
  constexpr std::string_view kText = "whoever has this key may say so";
  const auto* text = reinterpret_cast<const unsigned char*>(kText.data());
  DigestContext sign(EVP_MD_CTX_new()), verify(EVP_MD_CTX_new());
  std::vector<unsigned char> signature(static_cast<size_t>(EVP_PKEY_get_size(key)));
  size_t size = signature.size();
  bool fits = EVP_DigestSignInit(sign.get(), nullptr, digest, nullptr, key) == 1 &&
              EVP_DigestSign(sign.get(), signature.data(), &size, text, kText.size()) == 1 &&
              EVP_DigestVerifyInit(verify.get(), nullptr, digest, nullptr,
                                   X509_get0_pubkey(leaf)) == 1 &&
              EVP_DigestVerify(verify.get(), signature.data(), size, text, kText.size()) == 1;
  ERR_clear_error();
  return fits;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// RFC 6125 section 6.4.3: a wildcard is the whole first label, and stands for one label. One of a
// whole top-level domain covers nothing.
bool name_covers(std::string_view name, std::string_view host) {
  if (same_name(name, host)) return true;
  if (!name.starts_with("*.") || host.starts_with("*.")) return false;
  size_t dot = host.find('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  std::string_view rest = name.substr(1);
  return rest.find('.', 1) != std::string_view::npos && same_name(rest, host.substr(dot));
}

}  // namespace

std::time_t seconds_of(const ASN1_TIME* time) {
  tm when{};
  return time && ASN1_TIME_to_tm(time, &when) == 1 ? timegm(&when) : 0;
}

std::time_t first_list_to_expire(X509_STORE* store) {
  std::time_t first = std::numeric_limits<std::time_t>::max();
  STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
    const X509_CRL* list = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i));
    const ASN1_TIME* next = list ? X509_CRL_get0_nextUpdate(list) : nullptr;
    if (next) first = std::min(first, seconds_of(next));
  }
  return first;
}

X509StackPtr parse_certificates(std::string_view pem) {
  X509StackPtr all(sk_X509_new_null());
  BioPtr bio = memory_bio(pem);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    sk_X509_push(all.get(), one);
  }
  if (!was_at_end()) return nullptr;
  return all;
}

bool Certificate::Decoded::fits_together() const {
  return key_is_whole || signs_for(key.get(), leaf.get());
}

Result<std::unique_ptr<Certificate::Decoded>> Certificate::decode(const SecretData& data) {
  auto made = std::make_unique<Decoded>();
  made->chain = parse_certificates(data.tls_crt);
  if (!made->chain || sk_X509_num(made->chain.get()) == 0) {
    return Error{"tls.crt holds no PEM certificate, or something else after one"};
  }
  made->leaf.reset(sk_X509_shift(made->chain.get()));
  auto read = read_private_key(data.tls_key);
  if (!read) return read.error();
  made->key = std::move(read->key);
  made->key_is_whole = read->halves == PrivateKey::Halves::Fit;
  if (read->halves == PrivateKey::Halves::Foreign ||
      X509_check_private_key(made->leaf.get(), made->key.get()) != 1) {
    ERR_clear_error();
    return Error{kForeignKey};
  }
  return made;
}

Result<std::shared_ptr<const Certificate>> Certificate::read(
    std::shared_ptr<const SecretData> data) {
  auto made = std::make_shared<Certificate>();
  made->data_ = std::move(data);
  if (auto facts = read_leaf(made->data_->tls_crt, made->data_->tls_key)) {
    made->facts_ = std::move(*facts);
    return std::shared_ptr<const Certificate>(std::move(made));
  }
  auto decoded = decode(*made->data_);
  if (!decoded) return decoded.error();
  made->facts_ = facts_of((*decoded)->leaf.get());
  return std::shared_ptr<const Certificate>(std::move(made));
}

Result<std::shared_ptr<const Certificate>> Certificate::parse(std::string_view crt,
                                                              std::string_view key) {
  auto data = std::make_shared<SecretData>();
  data->tls_crt = crt;
  data->tls_key = key;
  auto decoded = decode(*data);
  if (!decoded) return decoded.error();
  if (!(*decoded)->fits_together()) return Error{kForeignKey};
  auto made = std::make_shared<Certificate>();
  made->data_ = std::move(data);
  made->facts_ = facts_of((*decoded)->leaf.get());
  made->decoded_ = decoded->release();
  made->state_ = State::Good;
  return std::shared_ptr<const Certificate>(std::move(made));
}

std::shared_ptr<const Certificate> Certificate::stapled(const Certificate& plain,
                                                        const std::string& secret,
                                                        std::string_view ca_crt,
                                                        const std::string& responder) {
  auto made = std::make_shared<Certificate>();
  made->data_ = plain.data_;
  made->facts_ = plain.facts_;
  made->state_ = plain.state_.load();
  auto decoded = made->decode_again();
  if (!decoded) return made;  // as check() will say
  made->stapling_ = std::make_shared<Stapling>(
      secret, OcspQuestion::make((*decoded)->leaf.get(), (*decoded)->chain.get(), ca_crt,
                                 responder));
  made->decoded_ = decoded->release();
  return made;
}

bool Certificate::is_leaf(const X509* other) const {
  const Decoded* known = decoded_.load(std::memory_order_acquire);
  return known && other == known->leaf.get();
}

Certificate::~Certificate() { delete decoded_.load(); }

Result<std::unique_ptr<Certificate::Decoded>> Certificate::decode_again() const {
  auto decoded = decode(*data_);
  if (!decoded) return decoded;
  if (facts_of((*decoded)->leaf.get()) == facts_) return decoded;
  return Error{"tls.crt is read in two ways: have it issued again"};
}

Result<const Certificate::Decoded*> Certificate::decode_once() const {
  const Decoded* known = decoded_.load(std::memory_order_acquire);
  if (known) return known;
  auto fresh = decode_again();
  if (!fresh) {
    state_ = State::Bad;
    return fresh.error();
  }
  // Two threads may have come at once: one result is enough.
  const Decoded* mine = fresh->release();
  if (decoded_.compare_exchange_strong(known, mine, std::memory_order_acq_rel)) return mine;
  delete mine;
  return known;
}

Result<void> Certificate::check() const {
  if (state_ == State::Good) return {};
  auto known = decode_once();
  if (known && !(*known)->fits_together()) known = Error{kForeignKey};
  state_ = known ? State::Good : State::Bad;
  if (!known) return known.error();
  return {};
}

const Certificate::Decoded* Certificate::decoded() const {
  if (state_.load(std::memory_order_acquire) == State::Bad) return nullptr;
  auto known = decode_once();
  return known ? *known : nullptr;
}

bool Certificate::covers(const std::string& host) const { return name_for(host).has_value(); }

std::optional<std::string> Certificate::name_for(const std::string& host) const {
  const std::string* by = nullptr;
  for (const std::string& name : facts_.names) {
    if (!name_covers(name, host)) continue;
    if (!by || same_name(name, host)) by = &name;
  }
  if (!by) return std::nullopt;
  return *by;
}

std::string Certificate::names() const {
  std::string text;
  for (const std::string& n : facts_.names) text += (text.empty() ? "" : ", ") + n;
  return text.empty() ? "no DNS name" : text;
}

bool Certificate::use_in(SSL* ssl) const {
  const Decoded* d = decoded();
  if (!d) ERR_raise(ERR_LIB_SSL, SSL_R_NO_CERTIFICATE_ASSIGNED);
  return d && SSL_use_cert_and_key(ssl, d->leaf.get(), d->key.get(), d->chain.get(), 1) == 1;
}

bool Certificate::use_in(SSL_CTX* context) const {
  const Decoded* d = decoded();
  return d &&
         SSL_CTX_use_cert_and_key(context, d->leaf.get(), d->key.get(), d->chain.get(), 1) == 1;
}

Result<void> check_pair(const SecretData& data, const std::vector<std::string>& hosts) {
  if (data.tls_crt.empty() || data.tls_key.empty()) {
    return Error{std::string("no ") + (data.tls_crt.empty() ? "tls.crt" : "tls.key") +
                 ": a site that ends TLS needs both tls.crt and tls.key"};
  }
  auto made = Certificate::parse(data.tls_crt, data.tls_key);
  if (!made) return made.error();
  for (const std::string& host : hosts) {
    if (host == "*" || (*made)->covers(host)) continue;
    return Error{"the certificate does not cover \"" + host + "\" (it covers " +
                 (*made)->names() + ")"};
  }
  return {};
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
  DigestContext digest(EVP_MD_CTX_new());
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
