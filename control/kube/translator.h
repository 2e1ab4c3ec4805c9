// From the objects of a cluster to the sites, services and secrets of the model, change by change.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "control/kube/host_site.h"
#include "control/kube/keyed_list.h"

namespace sallyport::kube {

using SitePtr = std::shared_ptr<const SiteConfig>;
using ServicePtr = std::shared_ptr<const ServiceConfig>;

/// What is different after some changes. Null: it is gone.
struct Delta {
  std::map<std::string, SitePtr> sites;       // by a key of their own: see Translator::sites()
  std::map<std::string, ServicePtr> services; // by their names
  std::map<std::string, ObjectPtr> secrets;   // by their names; new contents, too
  Findings new_findings, old_findings;        // came, went
  std::set<ObjectName> ingresses;             // that have become ours, or ours no more, or changed

  bool changes_traffic() const { return !sites.empty() || !services.empty() || !secrets.empty(); }
  bool empty() const {
    return !changes_traffic() && new_findings.empty() && old_findings.empty() && ingresses.empty();
  }
};

/// Pure: no I/O and no clock; after the same objects it says the same, in whatever order and by
/// however many steps they came. One changed object costs the hosts that use it, or the service.
/// Thread: one.
class Translator {
 public:
  explicit Translator(TranslateSettings settings);
  ~Translator();
  Translator(Translator&&) noexcept;

  /// An object that is wrong harms what is its own.
  Delta apply(const ObjectChanges& changes);

  /// All sites: "example.com", or "example.com http" and "example.com https" where they differ.
  const std::map<std::string, SitePtr>& sites() const { return sites_; }
  const std::map<std::string, ServicePtr>& services() const { return services_; }
  /// The Secrets whose contents are in use, by their names in the model: "namespace/name".
  const std::map<std::string, ObjectPtr>& secrets() const { return secrets_; }
  /// Sorted.
  Findings findings() const;
  /// The Ingresses that are ours and served: whose status says where.
  std::vector<ObjectName> served() const;
  bool serves(const ObjectName& ingress) const;
  /// Whether its class makes it ours.
  bool is_ours(const Object& ingress) const;
  /// The Secrets, or ConfigMaps, that Ingresses and settings name, whether they exist or not: those
  /// to watch where only these may be.
  std::set<ObjectName> wanted(Kind kind) const;
  /// How many hosts show the default certificate, or none, because theirs cannot be shown, by why.
  const std::map<std::string, size_t>& fallbacks() const { return fallbacks_; }
  const ObjectStore& store() const { return store_; }
  const TranslateSettings& settings() const { return settings_; }
  const GlobalNotes& global() const { return global_; }

  /// Whether the site for unknown names, "*", is there for http listeners, and for https ones.
  bool default_on_http() const { return has_default(settings_.http_listeners); }
  bool default_on_https() const { return has_default(settings_.https_listeners); }

  /// `base`, which has the listeners and everything else, with all of this behind what it has. What
  /// it says of unknown names stays; where it says nothing, a site "*" of this counts as its own.
  Config config(Config base) const;

 private:
  struct HostUnit {
    std::set<ObjectName> ingresses;
    HostResult result;
    std::vector<std::string> keys;  // of its sites
  };
  struct ServiceUnit {
    ServiceKey key;
    size_t users = 0;
  };
  struct Dirty {
    std::set<std::string> hosts;
    std::set<std::string> services;
    std::set<ObjectName> ingresses;
    bool everything = false;
  };

  bool has_default(const std::vector<std::string>& listeners) const;
  void note(const ObjectChange& change, Dirty& dirty);
  void note_secret(const ObjectName& name, Delta& delta);
  void read_globals(Delta& delta);
  bool class_is_ours(const std::string& name) const;
  bool in_scope(const ObjectName& name) const;
  std::unique_ptr<IngressRecord> read_record(const ObjectPtr& ingress) const;
  void reread(const ObjectName& name, Dirty& dirty, Delta& delta);
  void claim(const IngressRecord& record, bool claims, Dirty& dirty);
  std::vector<std::string> aliases_of(const std::string& host, Findings& findings) const;
  const IngressRecord* claimant(const std::string& alias, const std::string& host) const;
  HostInput input_for(const std::string& host, const HostUnit& unit, Findings& findings) const;
  void translate(const std::string& host, Dirty& dirty, Delta& delta);
  void put_sites(HostUnit& unit, Delta& delta);
  void use(const HostResult& result, const std::string& host, Dirty& dirty);
  void leave(const HostResult& before, const HostResult& now, const std::string& host,
             Dirty& dirty);
  void refresh_services(const Dirty& dirty, Delta& delta);
  void refresh_secrets(Delta& delta);
  void report(const Findings& before, const Findings& after, Delta& delta);
  static void settle_findings(Delta& delta);

  TranslateSettings settings_;
  ObjectStore store_;
  GlobalNotes global_;
  Findings global_findings_;
  std::map<Finding, size_t> findings_;  // to how many say it: hosts may say the same
  std::map<ObjectName, std::unique_ptr<IngressRecord>> records_;  // of those that are ours
  std::map<std::string, HostUnit> hosts_;
  std::map<std::string, size_t> fallbacks_;                       // hosts, by why
  std::map<std::string, std::multiset<std::string>> aliases_;     // to the hosts that claim them
  std::map<ObjectKey, std::set<std::string>> watchers_;           // to hosts
  std::map<std::string, ServiceUnit> units_;
  std::map<ObjectName, std::set<std::string>> units_of_;          // by Service
  std::map<ObjectName, size_t> secret_users_;
  std::set<ObjectName> touched_secrets_;
  std::map<std::string, SitePtr> sites_;
  std::map<std::string, ServicePtr> services_;
  std::map<std::string, ObjectPtr> secrets_;
  // The same once more, as config() lists them.
  KeyedList<SiteConfig> site_list_;
  KeyedList<ServiceConfig> service_list_;
  KeyedList<SecretConfig> secret_list_;
};

}  // namespace sallyport::kube
