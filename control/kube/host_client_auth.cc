#include "control/kube/host_client_auth.h"

#include <algorithm>

#include "control/kube/secret_check.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/name_pattern.h"

namespace sallyport::kube {

namespace {

constexpr int kMostDepth = 16;

class Choosing {
 public:
  explicit Choosing(const HostContext& context) : context_(context) {}

  ClientAuthChoice run() {
    const IngressRecord* decides = nullptr;
    for (const IngressRecord* record : context_.input.ingresses) {
      const ClientAuthNotes& notes = record->notes.client_auth;
      if (!notes.secret.given) {
        report_idle(*record);
        continue;
      }
      // Whoever asks for something that cannot be had closes the host, even if another decides.
      std::string fault = fault_of(*record);
      if (!fault.empty()) close(*record, fault);
      if (decides) {
        report_older(*record, *decides);
      } else {
        decides = record;
        take(*record);
      }
    }
    return choice_;
  }

 private:
  std::string key(const IngressRecord& record, const char* name) const {
    return annotation_key(*record.object, name);
  }

  // Without a Secret the other annotations do nothing, which somebody may not know.
  void report_idle(const IngressRecord& record) {
    for (const char* name : {"auth-tls-verify-client", "auth-tls-match-cn"}) {
      std::string where = key(record, name);
      if (where.empty()) continue;
      context_.report(record, where, Verdict::NotSupported, Severity::Warning, "no-auth-tls-secret",
                      "does nothing without auth-tls-secret, as in ingress-nginx: name the Secret "
                      "with the authorities");
    }
  }

  std::string fault_of(const IngressRecord& record) {
    const ClientAuthNotes& notes = record.notes.client_auth;
    const ObjectName& name = notes.secret.name;
    if (name.space != record.name().space && !context_.around.global.context.cross_namespace) {
      return "Secret " + in_quotes(name.text()) +
             " is of another namespace, which allow-cross-namespace-resources does not allow";
    }
    const Object* secret = context_.look(Kind::Secret, name);
    if (!secret) return "Secret " + in_quotes(name.text()) + " does not exist";
    std::string fault = why_no_client_authorities(secret->as<Secret>().data, depth(notes));
    if (!fault.empty()) return "Secret " + in_quotes(name.text()) + " " + fault;
    return {};
  }

  static int depth(const ClientAuthNotes& notes) { return std::min(notes.depth, kMostDepth); }

  void close(const IngressRecord& record, const std::string& fault) {
    choice_.fault = fault;
    bool no_ca = fault.ends_with("has no ca.crt");
    context_.report(record, key(record, "auth-tls-secret"), Verdict::Refused, Severity::Error,
                    no_ca ? "secret-without-ca" : "bad-auth-tls-secret",
                    fault + ", so everything of " + in_quotes(context_.input.host) +
                        " is answered 403" +
                        (no_ca ? ", where ingress-nginx asks for no certificate at all: put the "
                                 "authorities into ca.crt"
                               : ""));
  }

  void take(const IngressRecord& record) {
    const ClientAuthNotes& notes = record.notes.client_auth;
    choice_.secret = notes.secret.name;
    if (notes.verify == VerifyClient::Off) {
      choice_.switched_off = true;
      return;
    }
    ClientAuth& auth = choice_.auth;
    auth.verify = notes.verify;
    auth.secret = notes.secret.name.text();
    auth.depth = depth(notes);
    auth.error_page = notes.error_page;
    auth.pass.certificate = notes.pass_certificate;
    auth.place.source = record.name().text();
    if (!notes.match_cn.empty()) take_match(record);
  }

  void take_match(const IngressRecord& record) {
    const ClientAuthNotes& notes = record.notes.client_auth;
    ClientMatch& match = choice_.auth.match;
    std::string where = key(record, "auth-tls-match-cn");
    if (notes.verify == VerifyClient::OptionalNoCa) {
      choice_.fault = "anybody can have any name with optional_no_ca";
      context_.report(record, where, Verdict::Refused, Severity::Error, "match-cn-of-strangers",
                      "anybody can have any name in a certificate that nobody need have signed, so "
                      "everything of " + in_quotes(context_.input.host) +
                          " is answered 403, where ingress-nginx lets such names in: say "
                          "auth-tls-verify-client: optional");
      return;
    }
    bool compat = context_.around.settings.compat;
    std::string pattern = compat ? notes.match_cn : notes.match_cn.substr(3);
    Result<std::string> good = parse_name_pattern(pattern);
    if (!good) {
      choice_.fault = "auth-tls-match-cn";
      context_.report(record, where, Verdict::Refused, Severity::Error, "bad-pattern",
                      good.error().message + ", so everything of " +
                          in_quotes(context_.input.host) + " is answered 403");
      return;
    }
    (compat ? match.subject_pattern : match.cn_pattern) = {pattern};
    if (compat) return;
    context_.report(record, where, Verdict::Differs, Severity::Note, "match-cn-whole",
                    "is compared with the whole common name; ingress-nginx would look for it "
                    "anywhere in the subject, as compat: ingress-nginx does");
  }

  void report_older(const IngressRecord& record, const IngressRecord& decides) {
    const ClientAuthNotes& mine = record.notes.client_auth;
    const ClientAuthNotes& theirs = decides.notes.client_auth;
    bool same = mine.secret == theirs.secret && mine.verify == theirs.verify &&
                mine.match_cn == theirs.match_cn && mine.depth == theirs.depth;
    if (same) return;
    context_.report(record, key(record, "auth-tls-secret"), Verdict::Differs, Severity::Warning,
                    "older-decides",
                    "does nothing, for " + decides.name().text() +
                        " is older and decides whom the host lets in");
  }

  const HostContext& context_;
  ClientAuthChoice choice_;
};

}  // namespace

ClientAuthChoice choose_client_auth(const HostContext& context) { return Choosing(context).run(); }

}  // namespace sallyport::kube
