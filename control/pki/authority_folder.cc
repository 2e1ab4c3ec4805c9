#include "control/pki/authority_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "control/pki/certificate_text.h"
#include "control/pki/revocation_list.h"
#include "control/pki/secret_file.h"
#include "control/pki/staged_file.h"
#include "dataplane/base/write_all.h"

namespace sallyport {
namespace {

constexpr const char* kCertificate = "ca.crt";
constexpr const char* kKey = "ca.key";
constexpr const char* kList = "ca.crl";
constexpr const char* kIndex = "index.txt";
constexpr const char* kIndexAttributes = "index.txt.attr";
constexpr const char* kListNumber = "crlnumber";

// A renewed certificate has the subject of the one before it, and both are valid for a while.
constexpr std::string_view kAttributes = "unique_subject = no\n";

Error errno_error(const std::string& path, const char* doing, int error) {
  return Error{path + ": cannot " + doing + ": " + std::strerror(error)};
}

bool exists(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0;
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// For the authority alone; its parents are for everybody.
Result<void> make_folder(const std::string& directory) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(directory).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return errno_error(directory, "make this folder", errno);
}

Result<void> append(const std::string& path, std::string_view line) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return errno_error(path, "open it", errno);
  int error = write_all(descriptor, line).error;
  if (error == 0 && ::fsync(descriptor) != 0) error = errno;
  ::close(descriptor);
  if (error != 0) return errno_error(path, "append to it", error);
  return {};
}

Result<CertificateAuthority> read_authority(const std::string& directory) {
  Result<SecretText> crt = read_secret_file(directory + "/" + kCertificate);
  if (!crt) {
    return Error{crt.error().message + " (sallyport pki ca --directory " + directory +
                 " makes an authority)"};
  }
  Result<SecretText> key = read_secret_file(directory + "/" + kKey);
  if (!key) return key.error();
  Result<CertificateAuthority> authority = CertificateAuthority::parse(crt->view(), key->view());
  if (!authority) return Error{directory + ": " + authority.error().message};
  return authority;
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno_error(directory, "open this folder", errno);
  FolderLock lock(descriptor);
  while (::flock(descriptor, LOCK_EX) != 0) {
    if (errno != EINTR) return errno_error(directory, "lock this folder", errno);
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

Result<AuthorityFolder> AuthorityFolder::create(const std::string& directory,
                                                const AuthorityRequest& request) {
  Result<CertificateAuthority> authority = CertificateAuthority::make(request);
  if (!authority) return authority.error();
  if (auto made = make_folder(without_slash(directory)); !made) return made.error();
  Result<FolderLock> lock = FolderLock::take(directory);
  if (!lock) return lock.error();
  AuthorityFolder folder(directory, *std::move(lock), *std::move(authority));
  if (auto written = folder.write_new(); !written) return written.error();
  return folder;
}

Result<void> AuthorityFolder::write_new() {
  for (const char* file : {kCertificate, kKey, kList, kIndex, kIndexAttributes, kListNumber}) {
    if (exists(path(file))) {
      return Error{path(file) +
                   ": exists: an authority is never overwritten, choose another folder"};
    }
  }
  const Result<SecretText> key = authority_.key_pem();
  if (!key) return key.error();
  const struct {
    const char* file;
    std::string_view text;
    mode_t mode;
  } files[] = {{kKey, key->view(), 0600},
               {kIndex, "", 0644},
               {kIndexAttributes, kAttributes, 0644},
               {kCertificate, authority_.certificate_pem(), 0644}};
  for (const auto& one : files) {
    if (auto written = write_file(path(one.file), one.text, one.mode); !written) return written;
  }
  return {};
}

Result<AuthorityFolder> AuthorityFolder::open(const std::string& directory) {
  Result<FolderLock> lock = FolderLock::take(directory);
  if (!lock) return lock.error();
  Result<CertificateAuthority> authority = read_authority(directory);
  if (!authority) return authority.error();
  AuthorityFolder folder(directory, *std::move(lock), *std::move(authority));
  if (auto read = folder.read_index(); !read) return read.error();
  return folder;
}

Result<void> AuthorityFolder::read_index() {
  if (!exists(path(kIndex))) return write_file(path(kIndexAttributes), kAttributes, 0644);
  const Result<SecretText> text = read_secret_file(path(kIndex));
  if (!text) return text.error();
  Result<IssuedIndex> index = IssuedIndex::parse(text->view());
  if (!index) return Error{path(kIndex) + ": " + index.error().message};
  index_ = *std::move(index);
  return {};
}

Result<IssuedSecret> AuthorityFolder::issue(const IssueRequest& request) {
  Result<IssuedSecret> secret = authority_.issue(request);
  if (!secret) return secret.error();
  const Result<X509Ptr> certificate = parse_certificate(secret->tls_crt);
  if (!certificate) return certificate.error();
  if (auto recorded = record(**certificate); !recorded) return recorded.error();
  return secret;
}

Result<void> AuthorityFolder::record(X509& certificate) {
  IssuedCertificate issued = IssuedCertificate::of(certificate);
  if (index_.find(issued.serial) != nullptr) return {};
  if (auto appended = append(path(kIndex), issued.line()); !appended) return appended;
  index_.add(std::move(issued));
  return {};
}

Result<bool> AuthorityFolder::revoke(std::string_view serial, std::string_view reason) {
  if (!index_.revoke(serial, reason, std::chrono::system_clock::now())) return false;
  if (auto written = write_file(path(kIndex), index_.text(), 0644); !written) {
    return written.error();
  }
  return true;
}

Result<uint64_t> AuthorityFolder::next_list_number() const {
  if (!exists(path(kListNumber))) {
    if (!exists(path(kList))) return uint64_t{1};
    return Error{path(kListNumber) +
                 ": is missing, though there is a list: write the next number "
                 "into it, in hexadecimal (openssl crl -crlnumber shows the last)"};
  }
  const Result<SecretText> text = read_secret_file(path(kListNumber));
  if (!text) return text.error();
  std::string_view digits = text->view();
  while (digits.ends_with('\n')) digits.remove_suffix(1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number, 16);
  if (error != std::errc() || end != digits.end() || number == UINT64_MAX) {
    return Error{path(kListNumber) + ": is not a hexadecimal number of 64 bits"};
  }
  return number;
}

Result<AuthorityFolder::List> AuthorityFolder::write_revocation_list(const Validity& validity) {
  const Result<uint64_t> number = next_list_number();
  if (!number) return number.error();
  Result<std::string> pem = make_revocation_list(authority_, index_, *number, validity);
  if (!pem) return pem.error();
  // The number first: one that is used twice would be wrong, one that is left out is not.
  char digits[20];
  const int size =
      std::snprintf(digits, sizeof digits, "%llX", static_cast<unsigned long long>(*number + 1));
  const std::string text = std::string(size % 2 ? "0" : "") + digits + "\n";
  if (auto written = write_file(path(kListNumber), text, 0644); !written) return written.error();
  if (auto written = write_file(path(kList), *pem, 0644); !written) return written.error();
  return List{*std::move(pem), *number};
}

}  // namespace sallyport
