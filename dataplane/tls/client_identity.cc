#include "dataplane/tls/client_identity.h"

#include <openssl/x509.h>

namespace sallyport {

namespace {

// Control characters and what is not ASCII are escaped: the text may stand in a field.
std::string name_text(const X509_NAME* name) {
  BioPtr memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

std::string common_name_of(const X509* leaf) {
  char text[256];
  int n = X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, text, sizeof text);
  return n > 0 ? std::string(text, static_cast<size_t>(n)) : std::string();
}

// nginx's $ssl_client_verify.
std::string verify_text(const ClientIdentity& identity) {
  switch (identity.verdict) {
    case ClientVerdict::None: return "NONE";
    case ClientVerdict::Good: return "SUCCESS";
    default: return "FAILED:" + std::string(identity.fault);
  }
}

}  // namespace

ClientIdentity identify(X509* leaf, STACK_OF(X509)* sent, const ClientDemand& demand) {
  ClientIdentity identity;
  if (leaf) {
    ClientTrust::Finding finding = demand.trust->check(leaf, sent);
    identity.verdict = finding.verdict;
    identity.fault = finding.words;
    identity.subject = name_text(X509_get_subject_name(leaf));
    identity.issuer = name_text(X509_get_issuer_name(leaf));
    identity.common_name = common_name_of(leaf);
  } else {
    identity.fault = "no client certificate";
  }
  identity.let_in = lets_in(demand.verify, identity.verdict);
  identity.fields.emplace_back("ssl-client-verify", verify_text(identity));
  if (leaf) {
    identity.fields.emplace_back("ssl-client-subject-dn", identity.subject);
    identity.fields.emplace_back("ssl-client-issuer-dn", identity.issuer);
  }
  return identity;
}

}  // namespace sallyport
