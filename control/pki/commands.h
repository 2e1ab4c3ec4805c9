// `sallyport pki`: what its commands do once the command line is understood.
#pragma once

#include <string>
#include <vector>

#include "control/pki/certificate_authority.h"

namespace sallyport {

// Each returns the exit status: 0 all is done, 1 something is not, and stderr says why.

struct PkiCaOptions {
  std::string directory;
  AuthorityRequest request;
};
int pki_ca(const PkiCaOptions& options);

struct PkiIssueOptions {
  std::string authority;  // the folder
  IssueRequest request;
  bool kubernetes = false;                    // a manifest instead of a folder
  std::string out;                            // a folder, or the manifest's file; "-" is stdout
  bool replace = false;                       // what is there already
  std::string secret_name, secret_namespace;  // of the manifest
};
/// REQUIRES: for a manifest, is_kubernetes_name() of its name, and of the namespace unless empty.
int pki_issue(const PkiIssueOptions& options);

struct PkiRenewOptions {
  std::string authority;
  std::vector<std::string> secrets;  // folders: one that is not ours to renew is a failure
  std::vector<std::string> roots;    // searched for folders: one that is not ours is only told
  std::chrono::seconds before{0};
};
/// One line for each certificate: what was done and why. One failure does not stop the others.
int pki_renew(const PkiRenewOptions& options);

struct PkiCrlOptions {
  std::string authority;
  std::vector<std::string> revoke;  // serials, certificate files, or secret folders
  std::string reason = "unspecified";
  std::chrono::seconds duration{0};
  std::vector<std::string> secrets;  // folders that get a copy as ca.crl
};
/// Nothing is revoked when one of `revoke` or `secrets` cannot be used.
int pki_crl(const PkiCrlOptions& options);

}  // namespace sallyport
