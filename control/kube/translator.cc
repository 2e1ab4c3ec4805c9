#include "control/kube/translator.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"

namespace sallyport::kube {

namespace {

constexpr const char* kOldClass = "kubernetes.io/ingress.class";
constexpr const char* kEverything = "*";

bool has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

Findings sorted(Findings findings) {
  std::sort(findings.begin(), findings.end());
  findings.erase(std::unique(findings.begin(), findings.end()), findings.end());
  return findings;
}

}  // namespace

Translator::Translator(TranslateSettings settings) : settings_(std::move(settings)) {
  Delta none;
  read_globals(none);
  Dirty dirty;
  hosts_[kEverything];
  translate(kEverything, dirty, none);
}

Translator::~Translator() = default;
Translator::Translator(Translator&&) noexcept = default;

Delta Translator::apply(const ObjectChanges& changes) {
  Delta delta;
  Dirty dirty;
  for (const ObjectChange& change : changes) note(change, dirty);
  if (dirty.everything) {
    read_globals(delta);
    for (const auto& [name, object] : store_.all(Kind::Ingress)) dirty.ingresses.insert(name);
    for (const auto& [host, unit] : hosts_) dirty.hosts.insert(host);
  }
  for (const ObjectName& name : dirty.ingresses) reread(name, dirty, delta);
  for (const std::string& host : dirty.hosts) translate(host, dirty, delta);
  refresh_services(dirty, delta);
  refresh_secrets(delta);
  settle_findings(delta);
  return delta;
}

void Translator::note(const ObjectChange& change, Dirty& dirty) {
  ObjectPtr before = store_.put(change.kind, change.name, change.object);
  if (!before && !change.object) return;
  if (before && change.object && before->same_content(*change.object)) return;
  switch (change.kind) {
    case Kind::Ingress: dirty.ingresses.insert(change.name); break;
    case Kind::IngressClass: dirty.everything = true; break;
    case Kind::EndpointSlice:
      for (const ObjectPtr& slice : {before, change.object}) {
        if (!slice) continue;
        auto units = units_of_.find(service_of(*slice));
        if (units != units_of_.end()) {
          dirty.services.insert(units->second.begin(), units->second.end());
        }
      }
      break;
    case Kind::Service: {
      auto units = units_of_.find(change.name);
      if (units != units_of_.end()) {
        dirty.services.insert(units->second.begin(), units->second.end());
      }
      break;
    }
    case Kind::ConfigMap:
      if (settings_.config_map == change.name) dirty.everything = true;
      break;
    case Kind::Secret: touched_secrets_.insert(change.name); break;
    case Kind::Namespace:
    case Kind::Node: return;
  }
  auto watchers = watchers_.find({change.kind, change.name});
  if (watchers != watchers_.end()) {
    dirty.hosts.insert(watchers->second.begin(), watchers->second.end());
  }
}

void Translator::read_globals(Delta& delta) {
  Findings findings;
  const Object* map =
      settings_.config_map ? store_.find(Kind::ConfigMap, *settings_.config_map) : nullptr;
  global_ = read_config_map(map, settings_.compat, findings);
  findings = sorted(std::move(findings));
  report(global_findings_, findings, delta);
  global_findings_ = std::move(findings);
}

bool Translator::in_scope(const ObjectName& name) const {
  return settings_.namespaces.empty() || has(settings_.namespaces, name.space);
}

bool Translator::class_is_ours(const std::string& name) const {
  if (has(settings_.ingress_classes, name)) return true;
  const Object* object = store_.find(Kind::IngressClass, {"", name});
  return object && object->as<IngressClass>().controller == settings_.controller;
}

bool Translator::is_ours(const Object& object) const {
  if (!in_scope(object.name)) return false;
  const auto& ingress = object.as<Ingress>();
  if (ingress.class_name) return class_is_ours(*ingress.class_name);
  auto old = object.annotations.find(kOldClass);
  if (old != object.annotations.end()) return class_is_ours(old->second);
  const auto& classes = store_.all(Kind::IngressClass);
  return std::any_of(classes.begin(), classes.end(), [&](const auto& item) {
    return item.second->template as<IngressClass>().is_default && class_is_ours(item.first.name);
  });
}

std::unique_ptr<IngressRecord> Translator::read_record(const ObjectPtr& object) const {
  auto record = std::make_unique<IngressRecord>();
  record->object = object;
  record->notes = read_annotations(*object, global_.defaults, global_.context, global_.most_risk,
                                   record->findings);
  if (!record->notes.dropped && !record->notes.canary) {
    const Ingress& ingress = record->ingress();
    for (size_t i = 0; i < ingress.rules.size(); ++i) {
      auto host = rule_host(ingress.rules[i].host);
      if (host) {
        record->hosts.insert(*host);
        continue;
      }
      record->findings.push_back({Kind::Ingress, object->name,
                                  "spec.rules[" + std::to_string(i) + "].host", Verdict::Refused,
                                  Severity::Error, "bad-host", host.error().message, false});
    }
    if (ingress.rules.empty() && ingress.default_backend) record->hosts.insert(kEverything);
  }
  record->findings = sorted(std::move(record->findings));
  return record;
}

void Translator::reread(const ObjectName& name, Dirty& dirty, Delta& delta) {
  static const Findings none;
  ObjectPtr object = store_.share(Kind::Ingress, name);
  auto old = records_.find(name);
  if (old != records_.end()) claim(*old->second, false, dirty);
  std::unique_ptr<IngressRecord> made;
  if (object && is_ours(*object)) made = read_record(object);
  if (made || old != records_.end()) delta.ingresses.insert(name);
  report(old != records_.end() ? old->second->findings : none, made ? made->findings : none, delta);
  if (made) {
    claim(*made, true, dirty);
    records_[name] = std::move(made);
  } else if (old != records_.end()) {
    records_.erase(old);
  }
}

// Adds or removes what the Ingress has to say of hosts.
void Translator::claim(const IngressRecord& record, bool claims, Dirty& dirty) {
  for (const std::string& host : record.hosts) {
    HostUnit& unit = hosts_[host];
    bool was = !unit.ingresses.empty();
    if (claims) {
      unit.ingresses.insert(record.name());
    } else {
      unit.ingresses.erase(record.name());
    }
    dirty.hosts.insert(host);
    if (was != !unit.ingresses.empty()) {
      auto claimed = aliases_.find(host);
      if (claimed != aliases_.end()) {
        dirty.hosts.insert(claimed->second.begin(), claimed->second.end());
      }
    }
    for (const std::string& written : record.notes.aliases) {
      auto alias = parse_site_host(written);
      if (!alias) continue;
      auto& hosts = aliases_[*alias];
      dirty.hosts.insert(hosts.begin(), hosts.end());
      if (claims) {
        hosts.insert(host);
      } else {
        hosts.erase(hosts.find(host));
      }
      if (hosts.empty()) aliases_.erase(*alias);
    }
  }
}

// The oldest Ingress of `host` that wants `alias` for it; null: none.
const IngressRecord* Translator::claimant(const std::string& alias, const std::string& host) const {
  const IngressRecord* oldest = nullptr;
  auto unit = hosts_.find(host);
  if (unit == hosts_.end()) return nullptr;
  for (const ObjectName& name : unit->second.ingresses) {
    const IngressRecord& record = *records_.at(name);
    bool wants = std::any_of(record.notes.aliases.begin(), record.notes.aliases.end(),
                             [&](const std::string& written) {
                               auto normal = parse_site_host(written);
                               return normal && *normal == alias;
                             });
    if (wants && (!oldest || older(record, *oldest))) oldest = &record;
  }
  return oldest;
}

std::vector<std::string> Translator::aliases_of(const std::string& host,
                                                Findings& findings) const {
  std::set<std::string> mine;
  const HostUnit& unit = hosts_.at(host);
  for (const ObjectName& name : unit.ingresses) {
    const IngressRecord& record = *records_.at(name);
    auto refuse = [&](const std::string& message) {
      findings.push_back({Kind::Ingress, name, annotation_key(*record.object, "server-alias"),
                          Verdict::Refused, Severity::Warning, "alias", message, false});
    };
    for (const std::string& written : record.notes.aliases) {
      auto alias = parse_site_host(written);
      if (!alias || *alias == kEverything || host == kEverything) {
        refuse(alias ? in_quotes(written) + " cannot stand for every host"
                     : alias.error().message);
        continue;
      }
      auto other = hosts_.find(*alias);
      if (other != hosts_.end() && !other->second.ingresses.empty()) {
        if (*alias != host) refuse(in_quotes(*alias) + " has Ingresses of its own, which decide");
        continue;
      }
      std::string winner = host;
      const IngressRecord* oldest = claimant(*alias, host);
      for (const std::string& rival : aliases_.at(*alias)) {
        const IngressRecord* theirs = claimant(*alias, rival);
        if (!theirs || rival == winner) continue;
        bool before = theirs == oldest ? rival < winner : older(*theirs, *oldest);
        if (!before) continue;
        winner = rival;
        oldest = theirs;
      }
      if (winner == host) {
        mine.insert(*alias);
      } else {
        refuse(in_quotes(*alias) + " stands for " + in_quotes(winner) + " already");
      }
    }
  }
  return {mine.begin(), mine.end()};
}

HostInput Translator::input_for(const std::string& host, const HostUnit& unit,
                                Findings& findings) const {
  HostInput input;
  input.host = host;
  for (const ObjectName& name : unit.ingresses) input.ingresses.push_back(records_.at(name).get());
  std::sort(input.ingresses.begin(), input.ingresses.end(),
            [](const IngressRecord* a, const IngressRecord* b) { return older(*a, *b); });
  input.aliases = aliases_of(host, findings);
  return input;
}

void Translator::translate(const std::string& host, Dirty& dirty, Delta& delta) {
  auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  HostUnit& unit = found->second;
  HostResult result;
  if (!unit.ingresses.empty() || host == kEverything) {
    Findings about_aliases;
    HostInput input = input_for(host, unit, about_aliases);
    result = translate_host({settings_, global_, store_}, input);
    result.findings.insert(result.findings.end(), about_aliases.begin(), about_aliases.end());
    result.findings = sorted(std::move(result.findings));
  }
  report(unit.result.findings, result.findings, delta);
  if (!unit.result.fallback.empty() && --fallbacks_[unit.result.fallback] == 0) {
    fallbacks_.erase(unit.result.fallback);
  }
  if (!result.fallback.empty()) ++fallbacks_[result.fallback];
  use(result, host, dirty);
  leave(unit.result, result, host, dirty);
  unit.result = std::move(result);
  put_sites(unit, delta);
  if (unit.ingresses.empty() && host != kEverything) hosts_.erase(found);
}

void Translator::put_sites(HostUnit& unit, Delta& delta) {
  std::vector<std::string> keys;
  bool several = unit.result.sites.size() > 1;
  for (SiteConfig& site : unit.result.sites) {
    std::string key = site.hosts.front();
    if (several) {
      bool plain = !settings_.http_listeners.empty() &&
                   has(site.listeners, settings_.http_listeners.front());
      key += plain ? " http" : " https";
    }
    keys.push_back(key);
    SitePtr& known = sites_[key];
    if (known && *known == site) continue;
    known = std::make_shared<const SiteConfig>(std::move(site));
    delta.sites[key] = known;
    site_list_.put(key, known);
  }
  for (const std::string& key : unit.keys) {
    if (has(keys, key)) continue;
    sites_.erase(key);
    delta.sites[key] = nullptr;
    site_list_.put(key, nullptr);
  }
  unit.keys = std::move(keys);
  unit.result.sites.clear();
}

void Translator::use(const HostResult& result, const std::string& host, Dirty& dirty) {
  for (const ObjectKey& key : result.looked_at) watchers_[key].insert(host);
  for (const auto& [name, key] : result.services) {
    ServiceUnit& unit = units_[name];
    bool same = unit.users > 0 && unit.key.tls == key.tls;
    if (!same) dirty.services.insert(name);
    unit.key = key;
    ++unit.users;
    units_of_[key.service].insert(name);
  }
  for (const ObjectName& secret : result.secrets) {
    ++secret_users_[secret];
    touched_secrets_.insert(secret);
  }
}

// After use(): what goes on being used keeps its place.
void Translator::leave(const HostResult& before, const HostResult& now, const std::string& host,
                       Dirty& dirty) {
  for (const ObjectKey& key : before.looked_at) {
    if (now.looked_at.count(key) > 0) continue;
    auto watchers = watchers_.find(key);
    watchers->second.erase(host);
    if (watchers->second.empty()) watchers_.erase(watchers);
  }
  for (const auto& [name, key] : before.services) {
    if (--units_.at(name).users == 0) dirty.services.insert(name);
  }
  for (const ObjectName& secret : before.secrets) {
    auto users = secret_users_.find(secret);
    if (--users->second > 0) continue;
    secret_users_.erase(users);
    touched_secrets_.insert(secret);
  }
}

void Translator::refresh_services(const Dirty& dirty, Delta& delta) {
  for (const std::string& name : dirty.services) {
    auto found = units_.find(name);
    if (found == units_.end()) continue;
    if (found->second.users == 0) {
      auto& siblings = units_of_[found->second.key.service];
      siblings.erase(name);
      if (siblings.empty()) units_of_.erase(found->second.key.service);
      units_.erase(found);
      if (services_.erase(name) > 0) delta.services[name] = nullptr;
      service_list_.put(name, nullptr);
      continue;
    }
    ServicePtr made = make_service(found->second.key, store_);
    ServicePtr& known = services_[name];
    if (known && *known == *made) continue;
    known = made;
    delta.services[name] = made;
    service_list_.put(name, made);
  }
}

void Translator::refresh_secrets(Delta& delta) {
  for (const ObjectName& name : touched_secrets_) {
    std::string text = name.text();
    ObjectPtr object =
        secret_users_.count(name) > 0 ? store_.share(Kind::Secret, name) : nullptr;
    auto known = secrets_.find(text);
    if (!object) {
      if (known == secrets_.end()) continue;
      secrets_.erase(known);
      secret_list_.put(text, nullptr);
      delta.secrets[text] = nullptr;
    } else if (known == secrets_.end() ||
               !(known->second->as<Secret>().data == object->as<Secret>().data)) {
      secrets_[text] = object;
      if (known == secrets_.end()) {
        SecretConfig config;
        config.name = text;
        secret_list_.put(text, std::make_shared<const SecretConfig>(std::move(config)));
      }
      delta.secrets[text] = object;
    }
  }
  touched_secrets_.clear();
}

void Translator::report(const Findings& before, const Findings& after, Delta& delta) {
  for (const Finding& finding : after) {
    if (++findings_[finding] == 1) delta.new_findings.push_back(finding);
  }
  for (const Finding& finding : before) {
    auto known = findings_.find(finding);
    if (--known->second > 0) continue;
    findings_.erase(known);
    delta.old_findings.push_back(finding);
  }
}

// What one host does not say any more another may have begun to say.
void Translator::settle_findings(Delta& delta) {
  std::map<Finding, int> change;
  for (const Finding& finding : delta.new_findings) ++change[finding];
  for (const Finding& finding : delta.old_findings) --change[finding];
  delta.new_findings.clear();
  delta.old_findings.clear();
  for (const auto& [finding, by] : change) {
    if (by > 0) delta.new_findings.push_back(finding);
    if (by < 0) delta.old_findings.push_back(finding);
  }
}

Findings Translator::findings() const {
  Findings all;
  for (const auto& [finding, count] : findings_) all.push_back(finding);
  return all;
}

std::vector<ObjectName> Translator::served() const {
  std::vector<ObjectName> names;
  for (const auto& [name, record] : records_) {
    if (serves(name)) names.push_back(name);
  }
  return names;
}

bool Translator::serves(const ObjectName& ingress) const {
  auto record = records_.find(ingress);
  return record != records_.end() && !record->second->notes.dropped &&
         !record->second->notes.canary;
}

std::set<ObjectName> Translator::wanted(Kind kind) const {
  std::set<ObjectName> names;
  auto each = watchers_.lower_bound({kind, ObjectName{}});
  for (; each != watchers_.end() && each->first.first == kind; ++each) {
    names.insert(names.end(), each->first.second);
  }
  return names;
}

bool Translator::has_default(const std::vector<std::string>& listeners) const {
  if (listeners.empty()) return false;
  for (const char* key : {"*", "* http", "* https"}) {
    auto site = sites_.find(key);
    if (site != sites_.end() && has(site->second->listeners, listeners.front())) return true;
  }
  return false;
}

Config Translator::config(Config base) const {
  for (ListenerConfig& listener : base.listeners) {
    if (listener.unknown_sni_place.line > 0) continue;
    bool known = has(settings_.http_listeners, listener.name)
                     ? default_on_http()
                     : has(settings_.https_listeners, listener.name) && default_on_https();
    if (known) listener.unknown_sni = UnknownSni::Default;
  }
  // The same objects as the last time: whoever looks for changes compares addresses first.
  site_list_.append_to(base.sites);
  service_list_.append_to(base.services);
  secret_list_.append_to(base.secrets);
  return base;
}

}  // namespace sallyport::kube
