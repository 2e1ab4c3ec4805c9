#include "control/pki/commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "control/pki/authority_folder.h"
#include "control/pki/certificate_text.h"
#include "control/pki/kubernetes_secret.h"
#include "control/pki/renewal.h"
#include "control/pki/revocation_list.h"
#include "control/pki/secret_file.h"
#include "control/pki/secret_folder.h"
#include "control/pki/staged_file.h"
#include "dataplane/base/write_all.h"

namespace sallyport {
namespace {

int status_of(const char* command, const Result<void>& result) {
  if (result) return 0;
  std::fprintf(stderr, "sallyport pki %s: %s\n", command, result.error().message.c_str());
  return 1;
}

bool exists(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0;
}

// issue

Result<void> check_free(const std::string& path) {
  if (!exists(path)) return {};
  return Error{path +
               ": is there already: pki renew renews a certificate, --replace issues another "
               "in its place"};
}

Result<void> check_out(const PkiIssueOptions& options) {
  if (options.replace || options.out == "-") return {};
  if (options.kubernetes) return check_free(options.out);
  if (auto checked = check_free(options.out + "/tls.crt"); !checked) return checked;
  return check_free(options.out + "/tls.key");
}

Result<void> make_parent(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return Error{parent.string() + ": cannot make this folder: " + error.message()};
  return {};
}

Result<void> write_out(const PkiIssueOptions& options, const IssuedSecret& secret) {
  if (options.out != "-") {
    if (auto made = make_parent(options.out); !made) return made;
  }
  if (!options.kubernetes) return write_secret_folder(options.out, secret);
  const SecretText manifest =
      kubernetes_secret(secret, options.secret_name, options.secret_namespace);
  if (options.out != "-") return write_file(options.out, manifest.view(), 0600);
  if (write_all(STDOUT_FILENO, manifest.view()).error == 0) return {};
  return Error{"the manifest cannot be written to the standard output"};
}

Result<void> issue(const PkiIssueOptions& options) {
  if (auto checked = check_out(options); !checked) return checked;
  Result<AuthorityFolder> authority = AuthorityFolder::open(options.authority);
  if (!authority) return authority.error();
  const Result<IssuedSecret> secret = authority->issue(options.request);
  if (!secret) return secret.error();
  if (auto written = write_out(options, *secret); !written) return written;
  const Validity& validity = options.request.validity;
  // On stderr if the manifest has the standard output for itself.
  std::fprintf(options.out == "-" ? stderr : stdout, "%s: issued: valid until %s, serial %s\n",
               options.out == "-" ? options.secret_name.c_str() : options.out.c_str(),
               time_text(validity.now + validity.duration).c_str(),
               authority->index().all().back().serial.c_str());
  return {};
}

// renew

struct Wanted {
  std::string directory;
  bool named;  // on the command line, not found
};

Result<std::vector<Wanted>> wanted(const PkiRenewOptions& options) {
  std::vector<Wanted> all;
  for (const std::string& secret : options.secrets) all.push_back({secret, true});
  for (const std::string& root : options.roots) {
    const Result<std::vector<std::string>> found = find_secret_folders(root);
    if (!found) return found.error();
    for (const std::string& directory : *found) all.push_back({directory, false});
    if (found->empty()) std::printf("%s: no folder with a tls.crt\n", root.c_str());
  }
  return all;
}

/// Whether it is as it should be.
bool tell(const Wanted& secret, const Renewal& renewal) {
  const bool good = renewal.outcome == RenewalOutcome::Renewed ||
                    renewal.outcome == RenewalOutcome::Kept ||
                    (renewal.outcome == RenewalOutcome::Left && !secret.named);
  const char* word = "failed";
  if (renewal.outcome == RenewalOutcome::Renewed) word = "renewed";
  if (renewal.outcome == RenewalOutcome::Kept) word = "kept";
  if (renewal.outcome == RenewalOutcome::Left) word = "left alone";
  std::fprintf(good ? stdout : stderr, "%s: %s: %s\n", secret.directory.c_str(), word,
               renewal.words.c_str());
  return good;
}

Result<void> renew(const PkiRenewOptions& options) {
  Result<AuthorityFolder> authority = AuthorityFolder::open(options.authority);
  if (!authority) return authority.error();
  const Result<std::vector<Wanted>> secrets = wanted(options);
  if (!secrets) return secrets.error();
  size_t failures = 0;
  for (const Wanted& secret : *secrets) {
    const auto now = std::chrono::system_clock::now();
    const Renewal renewal = renew_secret_folder(*authority, secret.directory, options.before, now);
    failures += !tell(secret, renewal);
    std::fflush(stdout);
  }
  if (failures == 0) return {};
  return Error{std::to_string(failures) + " of " + std::to_string(secrets->size()) +
               " certificates are not as they should be"};
}

// crl

/// "3f:a1" and "3FA1" are the same serial; empty if the text is none.
std::string parse_serial(const std::string& text) {
  std::string serial;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (c == ':') continue;
    if (!letter && (c < '0' || c > '9')) return {};
    serial += c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return serial.size() % 2 ? "0" + serial : serial;
}

/// The serial of what is to be revoked, which is in the index then.
Result<std::string> find_revoked(AuthorityFolder& authority, const std::string& what) {
  if (exists(what)) {
    std::error_code unreadable;  // which reading it will tell
    const bool folder = std::filesystem::is_directory(what, unreadable);
    const std::string file = folder ? what + "/tls.crt" : what;
    Result<SecretText> text = read_secret_file(file);
    if (!text) return text.error();
    Result<X509Ptr> certificate = parse_certificate(text->view());
    if (!certificate) return Error{file + ": " + certificate.error().message};
    if (!authority.authority().has_issued(**certificate)) {
      return Error{file + ": is not a certificate of this authority"};
    }
    if (auto recorded = authority.record(**certificate); !recorded) return recorded.error();
    return IssuedCertificate::of(**certificate).serial;
  }
  std::string serial = parse_serial(what);
  if (serial.empty()) return Error{what + ": is neither a file nor a serial number"};
  if (authority.index().find(serial)) return serial;
  return Error{what +
               ": no certificate with this serial is in the authority's index; if it has one, "
               "give the certificate's file"};
}

/// A list of one authority in a folder that trusts another would make that folder refuse everybody.
Result<void> check_target(const CertificateAuthority& authority, const std::string& directory) {
  Result<SecretText> ca = read_secret_file(directory + "/ca.crt");
  if (!ca) return ca.error();
  if (ca->view().find(authority.certificate_pem()) == std::string_view::npos) {
    return Error{directory +
                 "/ca.crt: does not have this authority: its list has no business there"};
  }
  const std::string list = directory + "/ca.crl";
  if (!exists(list)) return {};
  Result<SecretText> old = read_secret_file(list);
  if (!old) return old.error();
  if (has_lists_of_this_only(old->view(), authority)) return {};
  return Error{list + ": has a list of another authority too: put this one beside it yourself"};
}

Result<void> revoke_all(AuthorityFolder& authority, const std::vector<std::string>& serials,
                        const std::string& reason) {
  for (const std::string& serial : serials) {
    const Result<bool> revoked = authority.revoke(serial, reason);
    if (!revoked) return revoked.error();
    std::printf("%s: %s\n", serial.c_str(), *revoked ? "revoked" : "was revoked before");
  }
  return {};
}

Result<void> crl(const PkiCrlOptions& options) {
  Result<AuthorityFolder> authority = AuthorityFolder::open(options.authority);
  if (!authority) return authority.error();
  std::vector<std::string> serials;
  for (const std::string& what : options.revoke) {
    Result<std::string> serial = find_revoked(*authority, what);
    if (!serial) return serial.error();
    serials.push_back(*std::move(serial));
  }
  for (const std::string& directory : options.secrets) {
    auto checked = check_target(authority->authority(), directory);
    if (!checked) return checked;
  }
  if (auto done = revoke_all(*authority, serials, options.reason); !done) return done;

  const Validity validity{.duration = options.duration};
  const Result<AuthorityFolder::List> list = authority->write_revocation_list(validity);
  if (!list) return list.error();
  for (const std::string& directory : options.secrets) {
    auto written = write_file(directory + "/ca.crl", list->pem, 0644);
    if (!written) return written;
  }
  const auto& all = authority->index().all();
  const auto revoked =
      std::count_if(all.begin(), all.end(), [](const auto& one) { return one.status == 'R'; });
  std::printf("%s/ca.crl: number %llu, %td revoked, the next is due before %s\n",
              options.authority.c_str(), static_cast<unsigned long long>(list->number), revoked,
              time_text(validity.now + validity.duration).c_str());
  return {};
}

}  // namespace

int pki_ca(const PkiCaOptions& options) {
  const Result<AuthorityFolder> folder =
      AuthorityFolder::create(options.directory, options.request);
  if (!folder) return status_of("ca", folder.error());
  std::printf("%s: made \"%s\", valid until %s; who has ca.key can issue in its name\n",
              options.directory.c_str(), options.request.common_name.c_str(),
              time_text(folder->authority().end()).c_str());
  return 0;
}

int pki_issue(const PkiIssueOptions& options) { return status_of("issue", issue(options)); }
int pki_renew(const PkiRenewOptions& options) { return status_of("renew", renew(options)); }
int pki_crl(const PkiCrlOptions& options) { return status_of("crl", crl(options)); }

}  // namespace sallyport
