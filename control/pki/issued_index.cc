#include "control/pki/issued_index.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "control/pki/certificate_text.h"
#include "dataplane/base/check.h"

namespace sallyport {
namespace {

using Asn1TimePtr = std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>>;

std::string asn1_text(const ASN1_TIME& time) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&time)),
          static_cast<size_t>(ASN1_STRING_length(&time))};
}

std::string asn1_text(std::chrono::system_clock::time_point time) {
  Asn1TimePtr written(ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time)));
  return written ? asn1_text(*written) : std::string();
}

bool is_time(const std::string& text) { return ASN1_TIME_set_string(nullptr, text.c_str()) == 1; }

bool is_serial(std::string_view text) {
  return !text.empty() && text.size() % 2 == 0 &&
         text.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

/// The six fields of a line; nothing if it has more or fewer. The last keeps what it has of tabs,
/// which it cannot have: the one-line form of a name escapes them.
std::optional<std::array<std::string, 6>> split(std::string_view line) {
  std::array<std::string, 6> fields;
  for (size_t i = 0; i + 1 < fields.size(); ++i) {
    const size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return {};
    fields[i] = line.substr(0, tab);
    line.remove_prefix(tab + 1);
  }
  fields.back() = line;
  return fields;
}

std::optional<IssuedCertificate> parse_line(std::string_view line) {
  const auto fields = split(line);
  if (!fields) return {};
  const auto& [status, expiry, revoked, serial, file, subject] = *fields;
  const bool revocation = status == "R";
  if (!revocation && status != "V" && status != "E") return {};
  if (!is_time(expiry) || !is_serial(serial)) return {};
  if (revocation != is_time(revoked.substr(0, revoked.find(',')))) return {};
  return IssuedCertificate{status.front(), expiry, revoked, serial, subject};
}

}  // namespace

IssuedCertificate IssuedCertificate::of(X509& certificate) {
  char* subject = X509_NAME_oneline(X509_get_subject_name(&certificate), nullptr, 0);
  IssuedCertificate issued{'V',
                           asn1_text(*X509_get0_notAfter(&certificate)),
                           {},
                           serial_text(*X509_get0_serialNumber(&certificate)),
                           subject ? subject : ""};
  OPENSSL_free(subject);
  return issued;
}

std::string IssuedCertificate::line() const {
  return std::string(1, status) + '\t' + expiry + '\t' + revoked + '\t' + serial + "\tunknown\t" +
         subject + '\n';
}

bool is_revocation_reason(std::string_view reason) {
  return std::find(std::begin(kRevocationReasons), std::end(kRevocationReasons), reason) !=
         std::end(kRevocationReasons);
}

Result<IssuedIndex> IssuedIndex::parse(std::string_view text) {
  IssuedIndex index;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::optional<IssuedCertificate> one = parse_line(text.substr(0, end));
    // Left out, a revoked certificate would be trusted again: better no list than that.
    if (!one) {
      return Error{"line " + std::to_string(number) +
                   " is not one of an index of certificates: status, expiry, revocation, serial, "
                   "file and subject, separated by tabs"};
    }
    index.all_.push_back(*std::move(one));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return index;
}

std::string IssuedIndex::text() const {
  std::string text;
  for (const IssuedCertificate& one : all_) text += one.line();
  return text;
}

const IssuedCertificate* IssuedIndex::find(std::string_view serial) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.serial == serial; });
  return found == all_.end() ? nullptr : &*found;
}

bool IssuedIndex::revoke(std::string_view serial, std::string_view reason,
                         std::chrono::system_clock::time_point now) {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.serial == serial; });
  CHECK(found != all_.end() && is_revocation_reason(reason));
  if (found->status == 'R') return false;
  found->status = 'R';
  found->revoked = asn1_text(now);
  // RFC 5280 section 5.3.1: no reason is better than the one that says nothing.
  if (reason != "unspecified") found->revoked += "," + std::string(reason);
  return true;
}

}  // namespace sallyport
