#include "control/certificates_json.h"

#include <ctime>
#include <map>
#include <set>

#include "control/json_text.h"
#include "control/pki/certificate_report.h"
#include "control/pki/certificate_text.h"

namespace sallyport {

namespace {

struct Uses {
  std::set<std::string_view> sites;     // that show its certificate
  std::set<std::string_view> hosts;     // all of theirs
  std::set<std::string_view> clients;   // sites that judge their clients by it
  std::set<std::string_view> services;  // whose backends are judged by it, or shown it
  const Certificate* shown = nullptr;
};

std::map<std::string_view, Uses> uses_of(const Snapshot& snapshot) {
  std::map<std::string_view, Uses> all;
  auto judges = [&](const ClientAuth& auth, const std::string& site) {
    if (!auth.secret.empty()) all[auth.secret].clients.insert(site);
  };
  for (size_t i = 0; i < snapshot.sites.size(); ++i) {
    const SiteConfig& site = snapshot.config.sites[i];
    const std::string& first = site.hosts.front();
    for (size_t c = 0; c < site.secrets.size(); ++c) {
      Uses& uses = all[site.secrets[c]];
      uses.sites.insert(first);
      uses.hosts.insert(site.hosts.begin(), site.hosts.end());
      const auto& certificates = snapshot.sites[i]->certificates;
      if (c < certificates.size()) uses.shown = certificates[c].get();
    }
    judges(site.client_auth, first);
    for (const RouteConfig& route : site.routes) {
      if (route.client_auth) judges(*route.client_auth, first);
    }
  }
  for (const ServiceConfig& service : snapshot.config.services) {
    if (service.tls && !service.tls->secret.empty()) {
      all[service.tls->secret].services.insert(service.name);
    }
  }
  return all;
}

const char* word(Certificate::State state) {
  switch (state) {
    case Certificate::State::Unchecked: return "unchecked";
    case Certificate::State::Good: return "good";
    case Certificate::State::Bad: return "bad";
  }
  return "";
}

std::string moment(int64_t seconds) {
  return time_text(std::chrono::system_clock::from_time_t(seconds));
}

class Writer {
 public:
  void write(std::string_view name, const Uses& uses, const SecretData& data) {
    out_.object([&] {
      out_.text("secret", name);
      if (uses.shown) out_.text("state", word(uses.shown->state()));
      certificates("chain", data.tls_crt);
      certificates("authorities", data.ca_crt);
      lists(data.ca_crl);
      if (uses.shown && uses.shown->stapling()) staple(*uses.shown->stapling());
      out_.object("used_by", [&] {
        out_.texts("sites", uses.sites);
        out_.texts("sites_for_clients", uses.clients);
        out_.texts("services", uses.services);
      });
    });
  }

  JsonText& out() { return out_; }

 private:
  void certificates(std::string_view key, std::string_view pem) {
    if (pem.empty()) return;
    out_.list(key, report_certificates(pem), [&](const CertificateReport& c) {
      out_.object([&] {
        out_.text("subject", c.subject);
        out_.text("issuer", c.issuer);
        out_.text("serial", c.serial);
        if (!c.names.empty()) out_.texts("names", c.names);
        out_.text("not_before", c.not_before);
        out_.text("not_after", c.not_after);
        out_.text("fingerprint_sha256", c.fingerprint_sha256);
        out_.text("key", c.key);
      });
    });
  }

  void lists(std::string_view pem) {
    if (pem.empty()) return;
    out_.list("revocation_lists", report_revocation_lists(pem), [&](const auto& list) {
      out_.object([&] {
        out_.text("issuer", list.issuer);
        out_.text("this_update", list.this_update);
        out_.text_if_any("next_update", list.next_update);
        out_.number("revoked", list.revoked);
      });
    });
  }

  void staple(const Stapling& stapling) {
    std::shared_ptr<const Staple> staple = stapling.at(std::time(nullptr));
    out_.object("staple", [&] {
      out_.boolean("valid", staple != nullptr);
      if (!staple) return;
      out_.text("this_update", moment(staple->this_update));
      out_.text("next_update", moment(staple->next_update));
    });
  }

  JsonText out_;
};

}  // namespace

std::string certificates_json(const Snapshot& snapshot, const SecretMap& secrets,
                              const ApiQuery& query) {
  std::map<std::string_view, Uses> uses = uses_of(snapshot);
  if (!query.name.empty()) {
    std::erase_if(uses, [&](const auto& item) {
      return item.first != query.name && !item.second.hosts.contains(query.name);
    });
  }
  Writer writer;
  JsonText& out = writer.out();
  out.object([&] {
    out.number("total", uses.size());
    size_t left = query.most;
    out.list("certificates", uses, [&](const auto& item) {
      const auto* data = left > 0 ? secrets.find(item.first) : nullptr;
      if (!data) return;
      --left;
      writer.write(item.first, item.second, **data);
    });
  });
  return out.take();
}

}  // namespace sallyport
