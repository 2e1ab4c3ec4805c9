// Renewing the certificate of a secret folder.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "control/pki/authority_folder.h"
#include "dataplane/base/result.h"

namespace sallyport {

enum class RenewalOutcome : uint8_t {
  Renewed,
  Kept,  // not due yet
  Left,  // not ours to renew: another authority's, or revoked
  Failed,
};

struct Renewal {
  RenewalOutcome outcome;
  std::string words;  // "valid until …, which was 20d away"
};

/// Renews what ends within `before` from `now`, or whose key does not fit: a new key, and a
/// certificate with the same names, uses, kind of key and duration (or what the authority has left
/// of it). tls.key and tls.crt are replaced as write_secret_folder does it; ca.crt and ca.crl stay
/// as they are, since others than this authority may stand there. What is left, kept or failed is
/// unchanged.
Renewal renew_secret_folder(AuthorityFolder& authority, const std::string& directory,
                            std::chrono::seconds before, std::chrono::system_clock::time_point now);

/// What would issue the certificate's like again. An error for a certificate with names, uses or a
/// kind of key that IssueRequest has no words for.
Result<IssueRequest> request_like(X509& certificate);

/// Every folder at or below `root` that has a tls.crt, in order. Symlinks and folders whose name
/// begins with a dot are not entered: Kubernetes keeps the versions of a mounted secret there.
Result<std::vector<std::string>> find_secret_folders(const std::string& root);

}  // namespace sallyport
