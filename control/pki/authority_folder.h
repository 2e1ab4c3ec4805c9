// An authority as a folder of files, and what it does there.
#pragma once

#include <string>
#include <string_view>

#include "control/pki/certificate_authority.h"
#include "control/pki/issued_index.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// A descriptor of a folder that is locked through it (flock) as long as this lives.
class FolderLock {
 public:
  /// Waits for whoever else has locked the folder.
  static Result<FolderLock> take(const std::string& directory);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// ca.crt, ca.key (mode 0600), ca.crl when there is a list, and beside them what the openssl
/// program keeps for an authority, in its formats: index.txt, index.txt.attr and crlnumber. Locked
/// while this lives, so that two who issue at the same time do not lose each other's lines.
class AuthorityFolder {
 public:
  /// Makes the folder and the authority. Refuses a folder that has any of an authority's files.
  static Result<AuthorityFolder> create(const std::string& directory,
                                        const AuthorityRequest& request);
  /// ca.crt and ca.key are enough: an authority made by other means has no index yet.
  static Result<AuthorityFolder> open(const std::string& directory);

  const CertificateAuthority& authority() const { return authority_; }
  const IssuedIndex& index() const { return index_; }

  /// As CertificateAuthority::issue. The certificate is in the index, on disk, before anybody gets
  /// it: there is none that cannot be revoked.
  Result<IssuedSecret> issue(const IssueRequest& request);

  /// A certificate of this authority that is missing from the index. No effect when it is there.
  Result<void> record(X509& certificate);

  /// IssuedIndex::revoke, kept on disk. It takes effect with the next list.
  Result<bool> revoke(std::string_view serial, std::string_view reason);

  struct List {
    std::string pem;
    uint64_t number;
  };
  /// Writes ca.crl with the next number.
  Result<List> write_revocation_list(const Validity& validity);

 private:
  AuthorityFolder(std::string directory, FolderLock lock, CertificateAuthority authority)
      : directory_(std::move(directory)),
        lock_(std::move(lock)),
        authority_(std::move(authority)) {}

  std::string path(const char* file) const { return directory_ + "/" + file; }
  Result<void> write_new();
  Result<void> read_index();
  Result<uint64_t> next_list_number() const;

  std::string directory_;
  FolderLock lock_;
  CertificateAuthority authority_;
  IssuedIndex index_;
};

}  // namespace sallyport
