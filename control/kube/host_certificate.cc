#include "control/kube/host_certificate.h"

#include <algorithm>

#include "control/kube/secret_check.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"

namespace sallyport::kube {

namespace {

class Choosing {
 public:
  explicit Choosing(const HostContext& context) : context_(context) {}

  CertificateChoice run() {
    const IngressRecord* chosen = nullptr;
    for (const IngressRecord* record : context_.input.ingresses) {
      if (record->ingress().tls.empty()) continue;
      if (chosen) {
        report_older(*record, *chosen);
        continue;
      }
      chosen = record;
      choose(*record);
    }
    if (choice_.secret.name.empty()) take_default();
    return choice_;
  }

 private:
  // Which entry of `tls` says what the host shows; -1: none does.
  int entry_for(const IngressRecord& record) {
    const auto& tls = record.ingress().tls;
    const std::string& host = context_.input.host;
    for (size_t i = 0; i < tls.size(); ++i) {
      for (const std::string& name : tls[i].hosts) {
        if (normal_host(name) == host) return static_cast<int>(i);
      }
    }
    for (size_t i = 0; i < tls.size(); ++i) {
      if (!tls[i].secret.empty() && fault_of({record.name().space, tls[i].secret}).empty()) {
        return static_cast<int>(i);
      }
    }
    return -1;
  }

  std::string fault_of(const ObjectName& name) {
    const Object* secret = context_.look(Kind::Secret, name);
    if (!secret) return "does not exist";
    return why_no_server_certificate(secret->as<Secret>().data, context_.input.host);
  }

  void choose(const IngressRecord& record) {
    const auto& tls = record.ingress().tls;
    int entry = entry_for(record);
    bool lists_hosts = std::any_of(tls.begin(), tls.end(),
                                   [](const IngressTls& item) { return !item.hosts.empty(); });
    // The host is in no entry, and entries are about other hosts: it has no TLS of its own, and
    // still counts as one that has, as in ingress-nginx.
    choice_.wanted = true;
    std::string where = "spec.tls[" + std::to_string(std::max(entry, 0)) + "].secretName";
    if (entry < 0) {
      return fall_back(record, lists_hosts ? "spec.tls" : where, "no-certificate",
                       "no Secret of tls covers " + in_quotes(context_.input.host));
    }
    const std::string& name = tls[static_cast<size_t>(entry)].secret;
    if (name.empty()) {
      return fall_back(record, where, "no-certificate", "no Secret is named");
    }
    ObjectName secret{record.name().space, name};
    std::string fault = fault_of(secret);
    if (!fault.empty()) {
      bool missing = !context_.around.store.find(Kind::Secret, secret);
      return fall_back(record, where, missing ? "missing-secret" : "bad-secret",
                       "Secret " + in_quotes(secret.text()) + " " + fault);
    }
    choice_.secret = secret;
  }

  void fall_back(const IngressRecord& record, const std::string& where, const char* code,
                 const std::string& what) {
    choice_.fallback = code;
    bool none = !default_good();
    context_.report(record, where, none ? Verdict::Refused : Verdict::Differs, Severity::Error,
                    code,
                    what + ", so " + in_quotes(context_.input.host) +
                        (none ? " has no TLS, and there is no default certificate: handshakes are "
                                "refused, where ingress-nginx shows a made-up certificate"
                              : " shows the default certificate"));
  }

  bool default_good() {
    const auto& name = context_.around.settings.default_certificate;
    if (!name) return false;
    const Object* secret = context_.look(Kind::Secret, *name);
    return secret && why_no_key_pair(secret->as<Secret>().data).empty();
  }

  void take_default() {
    if (!default_good()) return;
    choice_.secret = *context_.around.settings.default_certificate;
    choice_.is_default = true;
  }

  void report_older(const IngressRecord& record, const IngressRecord& chosen) {
    const auto& mine = record.ingress().tls;
    if (mine == chosen.ingress().tls && record.name().space == chosen.name().space) return;
    bool about_host = std::any_of(mine.begin(), mine.end(), [&](const IngressTls& item) {
      return std::any_of(item.hosts.begin(), item.hosts.end(), [&](const std::string& name) {
        return normal_host(name) == context_.input.host;
      });
    });
    if (!about_host) return;
    if (chosen.name().space == record.name().space && same_secret(record, chosen)) return;
    context_.report(record, "spec.tls", Verdict::Differs, Severity::Note, "older-decides",
                    "does nothing for " + in_quotes(context_.input.host) + ": " +
                        chosen.name().text() + " is older and decides which certificate it shows");
  }

  bool same_secret(const IngressRecord& a, const IngressRecord& b) {
    int first = entry_for(a), second = entry_for(b);
    return first >= 0 && second >= 0 &&
           a.ingress().tls[static_cast<size_t>(first)].secret ==
               b.ingress().tls[static_cast<size_t>(second)].secret;
  }

  const HostContext& context_;
  CertificateChoice choice_;
};

}  // namespace

CertificateChoice choose_certificate(const HostContext& context) { return Choosing(context).run(); }

}  // namespace sallyport::kube
