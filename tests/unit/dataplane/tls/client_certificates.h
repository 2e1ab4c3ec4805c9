// Authorities, and the certificates of their clients, as tests of what clients show want them.
#pragma once

#include <openssl/pem.h>

#include <chrono>
#include <string>
#include <utility>

#include "control/pki/certificate_authority.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

inline CertificateAuthority authority_of_clients(
    const std::string& name, std::chrono::seconds duration = std::chrono::hours(1)) {
  AuthorityRequest request;
  request.common_name = name;
  request.validity.duration = duration;
  return std::move(*CertificateAuthority::make(request));
}

inline X509Ptr client_certificate(const CertificateAuthority& by, const std::string& name,
                                  CertificateUse use = CertificateUse::Client) {
  IssueRequest request;
  request.names.common_name = name;
  request.names.dns_names = {name + ".staff.example.com"};
  request.use = use;
  request.validity.duration = std::chrono::minutes(30);
  std::string pem = by.issue(request)->tls_crt;
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

}  // namespace sallyport
