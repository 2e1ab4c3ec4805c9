#include "dataplane/tls/client_identity.h"

#include <openssl/x509.h>

#include "dataplane/tls/client_fields.h"
#include "dataplane/tls/client_match.h"

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

}  // namespace

ClientIdentity identify(X509* leaf, STACK_OF(X509)* sent, const ClientDemand& demand) {
  ClientIdentity identity;
  if (leaf) {
    ClientTrust::Finding finding = demand.trust->check(leaf, sent);
    identity.verdict = finding.verdict;
    identity.fault = finding.words;
    identity.good_until = finding.until;
    identity.subject = name_text(X509_get_subject_name(leaf));
    identity.issuer = name_text(X509_get_issuer_name(leaf));
    identity.common_name = common_name_of(leaf);
  } else {
    identity.fault = "no client certificate";
  }
  // Without a certificate there is nothing that could match.
  bool matched = leaf ? matches(demand.match, leaf, identity.subject) : demand.match.empty();
  if (lets_in(demand.verify, identity.verdict) && !matched) {
    identity.verdict = ClientVerdict::NotMatched;
    identity.fault = leaf ? "the client is not one of those that are let in"
                          : "no client certificate that could match";
  }
  identity.let_in = lets_in(demand.verify, identity.verdict);
  identity.fields = client_fields(identity, leaf, demand.pass);
  return identity;
}

}  // namespace sallyport
