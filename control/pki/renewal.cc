#include "control/pki/renewal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "control/pki/certificate_text.h"
#include "control/pki/secret_file.h"
#include "control/pki/secret_folder.h"
#include "dataplane/tls/certificate.h"

namespace sallyport {
namespace {

using Clock = std::chrono::system_clock;
using std::chrono::seconds;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;

std::string_view text_of(const ASN1_STRING& value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&value)),
          static_cast<size_t>(ASN1_STRING_length(&value))};
}

Result<std::string> common_name_of(X509& certificate) {
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  const int entries = X509_NAME_entry_count(subject);
  if (entries == 0) return std::string();
  const X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, 0);
  if (entries > 1 || OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != NID_commonName) {
    return Error{"its subject has more than a common name (" + name_text(*subject) + ")"};
  }
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return Error{"its common name is not text"};
  std::string name(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return name;
}

std::optional<Address> ip_of(const ASN1_OCTET_STRING& value) {
  const std::string_view bytes = text_of(value);
  if (bytes.size() == 16) {
    uint8_t all[16];
    std::copy(bytes.begin(), bytes.end(), all);
    return Address::v6(all, 0);
  }
  if (bytes.size() != 4) return {};
  uint32_t all = 0;
  for (const char byte : bytes) all = all << 8 | static_cast<uint8_t>(byte);
  return Address::v4(all, 0);
}

Result<CertificateNames> names_of(X509& certificate) {
  Result<std::string> common_name = common_name_of(certificate);
  if (!common_name) return common_name.error();
  CertificateNames names{*std::move(common_name), {}, {}};
  GeneralNamesPtr all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) {
      Result<std::string> dns = parse_certificate_dns(text_of(*name->d.dNSName));
      if (!dns) return Error{"its DNS name " + dns.error().message};
      names.dns_names.push_back(*std::move(dns));
      continue;
    }
    const auto ip = name->type == GEN_IPADD ? ip_of(*name->d.iPAddress) : std::nullopt;
    if (!ip) return Error{"it has a name that is neither a DNS name nor an IP address"};
    names.ips.push_back(*ip);
  }
  return names;
}

Result<CertificateUse> use_of(X509& certificate) {
  switch (X509_get_extended_key_usage(&certificate)) {
    case XKU_SSL_SERVER: return CertificateUse::Server;
    case XKU_SSL_CLIENT: return CertificateUse::Client;
    case XKU_SSL_SERVER | XKU_SSL_CLIENT: return CertificateUse::ServerAndClient;
    default: return Error{"it is for other uses than TLS servers and clients"};
  }
}

std::string span_text(seconds span) {
  const int64_t s = span.count();
  const auto whole = [](int64_t n, const char* unit) { return std::to_string(n) + unit; };
  if (s >= 2 * 86400) return whole(s / 86400, "d");
  if (s >= 2 * 3600) return whole(s / 3600, "h");
  if (s >= 2 * 60) return whole(s / 60, "m");
  return whole(s, "s");
}

/// Why a certificate is left alone, or nothing.
std::optional<std::string> why_left(const AuthorityFolder& folder, X509& certificate) {
  if (!folder.authority().has_issued(certificate)) {
    return "issued by " + name_text(*X509_get_issuer_name(&certificate)) +
           ", not by this authority";
  }
  const IssuedCertificate* issued =
      folder.index().find(serial_text(*X509_get0_serialNumber(&certificate)));
  if (issued && issued->status == 'R') {
    return "it is revoked: issue another if it shall serve again";
  }
  return {};
}

/// Why a certificate is due, or nothing.
std::optional<std::string> why_due(Clock::time_point end, seconds before, Clock::time_point now,
                                   const Result<void>& key_fits) {
  if (!key_fits) return key_fits.error().message;
  const seconds left = std::chrono::floor<seconds>(end - now);
  if (left.count() < 0) return "it had ended at " + time_text(end);
  if (left <= before) return "it had " + span_text(left) + " left";
  return {};
}

Renewal failed(std::string words) { return {RenewalOutcome::Failed, std::move(words)}; }

class FolderRenewal {
 public:
  FolderRenewal(AuthorityFolder& authority, const std::string& directory, Clock::time_point now)
      : authority_(authority), directory_(directory), now_(now) {}

  Renewal run(seconds before) {
    Result<SecretText> crt = read_secret_file(directory_ + "/tls.crt");
    if (!crt) return failed(crt.error().message);
    Result<X509Ptr> certificate = parse_certificate(crt->view());
    if (!certificate) return failed("tls.crt " + certificate.error().message);
    if (auto why = why_left(authority_, **certificate)) return {RenewalOutcome::Left, *why};
    Result<SecretText> key = read_secret_file(directory_ + "/tls.key");
    // Without one, the key may be kept somewhere else on purpose.
    if (!key) return failed(key.error().message);
    // A machine that stopped between two renames leaves a pair like that: made whole here.
    auto pair = Certificate::parse(crt->view(), key->view());
    const Clock::time_point end = time_of(*X509_get0_notAfter(certificate->get()));
    auto why = why_due(end, before, now_, pair ? Result<void>() : pair.error());
    if (why) return renew(**certificate, end, before, *why);
    return {RenewalOutcome::Kept, "valid until " + time_text(end) + ", for another " +
                                      span_text(std::chrono::floor<seconds>(end - now_))};
  }

 private:
  Renewal renew(X509& old, Clock::time_point old_end, seconds before, const std::string& why) {
    Result<IssueRequest> request = request_like(old);
    if (!request) return failed("cannot issue its like: " + request.error().message);
    request->validity.now = now_;
    const Clock::time_point authority_end = authority_.authority().end();
    const seconds most = std::chrono::floor<seconds>(authority_end - now_);
    const bool cut = request->validity.duration > most;
    if (cut && authority_end <= std::max(old_end, now_)) {
      return failed("is due, but its authority ends at " + time_text(authority_end) +
                    " too: make a new one and issue anew");
    }
    if (cut) request->validity.duration = most;
    Result<IssuedSecret> secret = authority_.issue(*request);
    if (!secret) return failed(secret.error().message);
    secret->ca_crt.clear();
    if (auto written = write_secret_folder(directory_, *secret); !written) {
      return failed(written.error().message);
    }
    std::string words = "until " + time_text(now_ + request->validity.duration) + ": " + why;
    if (cut) words += "; it could not get its whole duration, since its authority ends then";
    if (!cut && request->validity.duration <= before) {
      words += "; it is due again at once, since it lives no longer than that";
    }
    return {RenewalOutcome::Renewed, std::move(words)};
  }

  AuthorityFolder& authority_;
  const std::string& directory_;
  const Clock::time_point now_;
};

}  // namespace

Renewal renew_secret_folder(AuthorityFolder& authority, const std::string& directory,
                            seconds before, Clock::time_point now) {
  return FolderRenewal(authority, directory, now).run(before);
}

Result<IssueRequest> request_like(X509& certificate) {
  Result<CertificateNames> names = names_of(certificate);
  if (!names) return names.error();
  const Result<CertificateUse> use = use_of(certificate);
  if (!use) return use.error();
  EVP_PKEY* key = X509_get0_pubkey(&certificate);
  const std::optional<KeyType> type = key ? key_type(*key) : std::nullopt;
  if (!type) return Error{"its key is neither P-256 nor RSA of 2048 or 3072 bits"};
  const auto whole =
      time_of(*X509_get0_notAfter(&certificate)) - time_of(*X509_get0_notBefore(&certificate));
  IssueRequest request{*std::move(names), *use, *type, {}};
  request.validity.duration = std::chrono::duration_cast<seconds>(whole) - kClockSkewMax;
  ERR_clear_error();
  return request;
}

Result<std::vector<std::string>> find_secret_folders(const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<std::string> found;
  std::error_code error;
  const auto note = [&](const fs::path& folder) {
    std::error_code ignored;
    if (fs::exists(folder / "tls.crt", ignored)) found.push_back(folder.string());
  };
  fs::recursive_directory_iterator at(root, error);
  if (!error) note(root);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code gone;  // meanwhile: then it is not a folder of ours
    if (at->is_symlink(gone) || !at->is_directory(gone)) continue;
    const bool hidden = at->path().filename().string().starts_with(".");
    if (hidden) at.disable_recursion_pending();
    if (!hidden) note(at->path());
  }
  if (error) return Error{root + ": cannot be searched: " + error.message()};
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace sallyport
