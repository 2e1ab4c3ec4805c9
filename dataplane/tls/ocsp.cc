#include "dataplane/tls/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <optional>

#include "dataplane/tls/certificate.h"

namespace sallyport {

namespace {

using RequestPtr = std::unique_ptr<OCSP_REQUEST, OpensslFree<OCSP_REQUEST_free>>;
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, OpensslFree<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, OpensslFree<OCSP_BASICRESP_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, OpensslFree<OCSP_CERTID_free>>;

// A responder's clock may be ahead of ours.
constexpr int64_t kSkew = 300;

std::string responder_of(X509* leaf) {
  STACK_OF(OPENSSL_STRING)* urls = X509_get1_ocsp(leaf);
  std::string url = urls && sk_OPENSSL_STRING_num(urls) > 0 ? sk_OPENSSL_STRING_value(urls, 0) : "";
  X509_email_free(urls);  // named after the first list that was kept in this form
  return url;
}

X509Ptr issuer_among(X509* leaf, STACK_OF(X509) * certificates) {
  for (int i = 0; i < sk_X509_num(certificates); ++i) {
    X509* one = sk_X509_value(certificates, i);
    if (X509_check_issued(one, leaf) != X509_V_OK) continue;
    // Of two authorities with one name, the one that has signed.
    if (X509_verify(leaf, X509_get0_pubkey(one)) != 1) continue;
    X509_up_ref(one);
    return X509Ptr(one);
  }
  return nullptr;
}

std::optional<int64_t> seconds(const ASN1_GENERALIZEDTIME* time) {
  struct tm parts {};
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return timegm(&parts);
}

// Signed by `issuer`, or by a certificate of its that is for signing such responses; both are
// looked at by OCSP_basic_verify() once nothing else is trusted than the issuer.
bool signed_for(OCSP_BASICRESP* basic, X509* issuer) {
  X509StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), issuer);
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  X509StackPtr known(sk_X509_new_null());
  X509_up_ref(issuer);
  sk_X509_push(known.get(), issuer);
  bool good = OCSP_basic_verify(basic, known.get(), store.get(), OCSP_NOEXPLICIT) == 1;
  ERR_clear_error();
  return good;
}

OcspAnswer unusable(std::string fault) { return {OcspVerdict::Unusable, std::move(fault), {}}; }

std::string reason_text(int reason) {
  if (reason == OCSP_REVOKED_STATUS_NOSTATUS) return "revoked";
  return std::string("revoked: ") + OCSP_crl_reason_str(reason);
}

BasicPtr parse(std::string_view der, std::string& fault) {
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  const auto* end = reinterpret_cast<const unsigned char*>(der.data()) + der.size();
  if (!response || at != end) {
    fault = "not an OCSP response";
    return nullptr;
  }
  int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    fault = std::string("the responder says ") + OCSP_response_status_str(status);
    return nullptr;
  }
  BasicPtr basic(OCSP_response_get1_basic(response.get()));
  if (!basic) fault = "not a basic OCSP response";
  return basic;
}

}  // namespace

const char* name(OcspVerdict verdict) {
  switch (verdict) {
    case OcspVerdict::Good: return "good";
    case OcspVerdict::Revoked: return "revoked";
    case OcspVerdict::Unknown: return "unknown";
    case OcspVerdict::Unusable: return "unusable";
  }
  return "unusable";
}

Result<OcspQuestion> OcspQuestion::make(X509* leaf, STACK_OF(X509) * chain,
                                        std::string_view ca_crt, const std::string& responder) {
  OcspQuestion made;
  made.issuer_ = issuer_among(leaf, chain);
  if (!made.issuer_ && !ca_crt.empty()) {
    X509StackPtr authorities = parse_certificates(ca_crt);
    made.issuer_ = issuer_among(leaf, authorities.get());
  }
  ERR_clear_error();
  if (!made.issuer_) {
    return Error{"the certificate's issuer is neither in tls.crt, after it, nor in ca.crt"};
  }
  made.url_ = responder.empty() ? responder_of(leaf) : responder;
  if (!made.url_.starts_with("http://") && !made.url_.starts_with("https://")) {
    return Error{made.url_.empty()
                     ? "the certificate names no OCSP responder: write ocsp.responder, or leave "
                       "ocsp out"
                     : "the certificate's OCSP responder is no http or https URL"};
  }
  X509_up_ref(leaf);
  made.leaf_.reset(leaf);

  RequestPtr request(OCSP_REQUEST_new());
  OCSP_request_add0_id(request.get(), OCSP_cert_to_id(nullptr, leaf, made.issuer_.get()));
  unsigned char* der = nullptr;
  int size = i2d_OCSP_REQUEST(request.get(), &der);
  if (size <= 0) return Error{"no OCSP request can be made: " + take_openssl_error()};
  made.request_.assign(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return made;
}

OcspAnswer OcspQuestion::read(std::string_view response, int64_t now) const {
  if (response.size() > kOcspMostBytes) return unusable("too long");
  std::string fault;
  BasicPtr basic = parse(response, fault);
  ERR_clear_error();
  if (!basic) return unusable(fault);
  if (!signed_for(basic.get(), issuer_.get())) {
    return unusable("signed neither by the certificate's issuer nor for it");
  }
  IdPtr id(OCSP_cert_to_id(nullptr, leaf_.get(), issuer_.get()));
  int status = 0, reason = 0;
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  if (OCSP_resp_find_status(basic.get(), id.get(), &status, &reason, &revoked, &this_update,
                            &next_update) != 1) {
    return unusable("about another certificate");
  }
  std::optional<int64_t> from = seconds(this_update), until = seconds(next_update);
  if (!from || *from > now + kSkew) return unusable("not valid yet");
  if (!until) return unusable("does not say until when it is valid");
  if (*until <= now || *until <= *from) return unusable("over");
  if (status == V_OCSP_CERTSTATUS_REVOKED) {
    return {OcspVerdict::Revoked, reason_text(reason), {}};
  }
  if (status != V_OCSP_CERTSTATUS_GOOD) {
    return {OcspVerdict::Unknown, "the responder does not know the certificate", {}};
  }
  return {OcspVerdict::Good, "", {std::string(response), *from, *until}};
}

}  // namespace sallyport
