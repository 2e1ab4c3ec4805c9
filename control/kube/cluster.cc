#include "control/kube/cluster.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "control/kube/cluster_cache.h"
#include "control/kube/translate_settings.h"
#include "control/kube/watch_scopes.h"
#include "dataplane/base/log.h"
#include "dataplane/io/entropy.h"
#include "dataplane/tls/ticket_keys.h"

extern char** environ;

namespace sallyport::kube {

namespace {

// How long to wait for the API server before what was kept is used, and how often it is kept.
constexpr Seconds kCacheAfter{5}, kKeepEvery{10};
// No name of a Secret: those have a namespace.
constexpr const char* kTickets = "/ticket-keys";

Environment environment() {
  Environment all;
  for (char** entry = environ; *entry; ++entry) {
    std::string text = *entry;
    size_t equals = text.find('=');
    if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return all;
}

ClusterWatchSettings watch_settings(const KubernetesConfig& config) {
  ClusterWatchSettings settings;
  settings.credentials = credentials_of(config);
  settings.scopes = watch_scopes(config);
  settings.reflector.watch_timeout = config.watch_timeout;
  settings.objects_size = config.objects_size;
  fill_with_entropy({reinterpret_cast<uint8_t*>(&settings.seed), sizeof settings.seed});
  return settings;
}

// Unique among the replicas, and to people the name of a pod.
std::string who_we_are() {
  char host[256] = "sallyport";
  ::gethostname(host, sizeof host - 1);
  uint32_t random = 0;
  fill_with_entropy({reinterpret_cast<uint8_t*>(&random), sizeof random});
  return std::string(host) + "_" + std::to_string(random);
}

std::vector<PublishedAddress> addresses_of_service(const ObjectStore& store,
                                                   const NamespacedName& where) {
  const Object* object = store.find(Kind::Service, {where.space, where.name});
  if (!object) return {};
  const Service& service = object->as<Service>();
  if (!service.published.empty()) return service.published;
  std::vector<PublishedAddress> found;
  for (const std::string& ip : service.external_ips) found.push_back({ip, ""});
  return found;
}

// Of each node what it is reached by from outside, or else from inside.
std::vector<PublishedAddress> addresses_of_nodes(const ObjectStore& store) {
  std::vector<PublishedAddress> found;
  for (const auto& [name, object] : store.all(Kind::Node)) {
    for (const char* wanted : {"ExternalIP", "InternalIP"}) {
      size_t before = found.size();
      for (const NodeAddress& address : object->as<Node>().addresses) {
        if (address.type == wanted) found.push_back({address.address, ""});
      }
      if (found.size() > before) break;
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

// "missing-secret" → "MissingSecret": as reasons of Events are written.
std::string camel_case(const std::string& code) {
  std::string out;
  bool upper = true;
  for (char c : code) {
    if (c == '-' || c == '_') {
      upper = true;
    } else {
      out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      upper = false;
    }
  }
  return out;
}

// The contents of a Secret, which live as long as anybody uses them.
std::shared_ptr<const SecretData> contents(const ObjectPtr& secret) {
  return {secret, &secret->as<Secret>().data};
}

}  // namespace

Credentials::Load credentials_of(const KubernetesConfig& config) {
  if (config.kubeconfig.empty()) {
    return [] { return in_cluster_access(environment(), kInClusterFolder); };
  }
  return [file = config.kubeconfig, context = config.context] {
    return read_kubeconfig_file(file, context);
  };
}

Cluster::Cluster(const KubernetesConfig& config, const std::vector<ListenerConfig>& listeners,
                 std::function<void()> on_due)
    : config_(config),
      on_due_(std::move(on_due)),
      translate_(settings_for(config, listeners)),
      translator_(std::make_unique<Translator>(translate_)) {
  if (!config.manifests.empty()) {
    // Of whom nobody leads, and to whom nothing is written back.
    manifests_ = std::make_unique<ManifestSource>(config.manifests, on_due_);
    on_due_();
    return;
  }
  watch_ = std::make_unique<ClusterWatch>(watch_settings(config), counts_, on_due_);
  follow_names();
  for (const std::string& address : config.status.addresses) {
    bool ip = Address::parse_ip(address).has_value();
    addresses_.push_back(ip ? PublishedAddress{address, ""} : PublishedAddress{"", address});
  }
  if (!config.leader_election.enabled) return;
  LeaderSettings leader{credentials_of(config), config.leader_election, config.ticket_secret,
                        config.controller, who_we_are()};
  leader_ = std::make_unique<Leader>(std::move(leader), counts_, on_due_);
}

Cluster::~Cluster() { keep(); }

bool Cluster::take() {
  ObjectChanges changes = manifests_ ? manifests_->take() : watch_->take();
  bool traffic = false;
  if (from_cache_ && !changes.empty()) {
    // Nothing is taken before all is listed: this is the whole cluster.
    from_cache_ = false;
    translate_anew(changes);
    traffic = true;
  } else {
    traffic = apply(changes);
  }
  follow_names();
  // The Secrets that the first list of Ingresses names have to come, too.
  if (!ready_ && (manifests_ || watch_->settled())) {
    become_ready(manifests_ ? "manifests" : "listed");
    traffic = true;
  }
  lead();
  return traffic && ready_;
}

bool Cluster::tick() {
  bool was_ready = ready_;
  auto now = Clock::now();
  if (!ready_ && !config_.cache.empty() && now - began_ >= kCacheAfter) use_cache();
  if (unkept_ && now - kept_at_ >= kKeepEvery) keep();
  return ready_ && !was_ready;
}

void Cluster::become_ready(const char* how) {
  ready_ = true;
  log_info("the cluster is known", {{"how", how},
                                    {"sites", translator_->sites().size()},
                                    {"services", translator_->services().size()},
                                    {"secrets", translator_->secrets().size()}});
}

void Cluster::set_listeners(const std::vector<ListenerConfig>& listeners) {
  TranslateSettings settings = settings_for(config_, listeners);
  if (settings == translate_) return;
  translate_ = std::move(settings);
  ObjectChanges all;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    for (const auto& [name, object] : translator_->store().all(static_cast<Kind>(kind))) {
      all.push_back({static_cast<Kind>(kind), name, object});
    }
  }
  translate_anew(all);
}

void Cluster::translate_anew(const ObjectChanges& changes) {
  translator_ = std::make_unique<Translator>(translate_);
  secrets_ = {};
  translated_.reset();
  tickets_ = false;
  backlog_.clear();
  backlog_changed_ = true;
  apply(changes);
}

bool Cluster::apply(const ObjectChanges& changes) {
  if (changes.empty()) return false;
  unkept_ = true;
  Delta delta = translator_->apply(changes);
  translated_.note(delta);
  take_secrets(delta);
  counts_.fallbacks(translator_->fallbacks());
  bool tickets = take_tickets(changes);
  find_addresses(changes);
  for (const ObjectName& ingress : delta.ingresses) judge_status(ingress);
  for (const Finding& finding : delta.new_findings) {
    if (finding.severity == Severity::Note) continue;
    log_warning("finding", {{"severity", name(finding.severity)}, {"text", finding.text()}});
  }
  add_events(delta.new_findings);
  return delta.changes_traffic() || tickets;
}

void Cluster::take_secrets(const Delta& delta) {
  for (const auto& [name, secret] : delta.secrets) {
    if (secret) {
      secrets_.put(name, contents(secret));
    } else {
      secrets_.erase(name);
    }
  }
}

// A ring that is missing or spoilt leaves each replica its own: sessions are then resumed by one
// alone, and nothing else is lost.
bool Cluster::take_tickets(const ObjectChanges& changes) {
  const NamespacedName& where = config_.ticket_secret;
  bool changed = false;
  for (const ObjectChange& change : changes) {
    if (where.empty() || change.kind != Kind::Secret || change.name.space != where.space ||
        change.name.name != where.name) {
      continue;
    }
    changed = true;
    tickets_ = change.object && !change.object->as<Secret>().data.ticket_keys.empty() &&
               TicketRing::check(change.object->as<Secret>().data.ticket_keys);
    if (tickets_) {
      secrets_.put(kTickets, contents(change.object));
    } else {
      secrets_.erase(kTickets);
    }
  }
  return changed;
}

Config Cluster::complete(Config base) const {
  Config config = translator_->config(std::move(base));
  if (tickets_) {
    config.ticket_keys.secret = kTickets;
    SecretConfig secret;
    secret.name = kTickets;
    config.secrets.push_back(std::move(secret));
  }
  return config;
}

void Cluster::follow_names() {
  if (!watch_) return;
  std::set<WatchScope> scopes;
  // Where all Secrets are watched, nobody has to be asked for names.
  bool all = config_.secrets == SecretAccess::Cluster && config_.namespaces.empty();
  if (!all) scopes = secret_scopes(config_, translator_->wanted(Kind::Secret));
  for (const ObjectName& name : translator_->wanted(Kind::ConfigMap)) {
    bool always = name.space == config_.config_map.space && name.name == config_.config_map.name;
    if (!always) scopes.insert(config_map_scope(name));
  }
  watch_->watch_also(scopes);
}

void Cluster::find_addresses(const ObjectChanges& changes) {
  const PublishedStatus& status = config_.status;
  bool concerned = false;
  for (const ObjectChange& change : changes) {
    concerned = concerned || (status.nodes && change.kind == Kind::Node) ||
                (change.kind == Kind::Service && change.name.space == status.service.space &&
                 change.name.name == status.service.name);
  }
  if (!concerned) return;
  std::vector<PublishedAddress> found =
      status.nodes ? addresses_of_nodes(translator_->store())
                   : addresses_of_service(translator_->store(), status.service);
  if (found.empty() || found == addresses_) return;
  addresses_ = std::move(found);
  for (const ObjectName& ingress : translator_->served()) judge_status(ingress);
}

// What is wrong is kept, not what is right: a change costs what it concerns.
void Cluster::judge_status(const ObjectName& ingress) {
  const Object* object = translator_->store().find(Kind::Ingress, ingress);
  bool wrong = object && !addresses_.empty() && translator_->serves(ingress) &&
               object->as<Ingress>().published != addresses_;
  if (wrong) {
    backlog_[ingress] = {addresses_, object->resource_version};
    backlog_changed_ = true;
  } else if (backlog_.erase(ingress)) {
    backlog_changed_ = true;
  }
}

void Cluster::add_events(const Findings& findings) {
  if (!leader_ || !config_.events || !leader_->leads()) return;
  std::vector<EventWork> events;
  for (const Finding& finding : findings) {
    const Object* object = translator_->store().find(finding.kind, finding.object);
    if (!object || object->uid.empty() || finding.severity == Severity::Note) continue;
    events.push_back({finding.kind, finding.object, object->uid, camel_case(finding.code),
                      finding.where.empty() ? finding.message
                                            : finding.where + ": " + finding.message, true});
  }
  leader_->add_events(std::move(events));
}

// Whoever begins to lead has everything to say; whoever leads, what is new.
void Cluster::lead() {
  if (!leader_) return;
  if (std::exchange(backlog_changed_, false)) leader_->set_status(backlog_);
  bool leads = leader_->leads();
  if (leads && !led_ && ready_) add_events(translator_->findings());
  led_ = leads && ready_;
}

void Cluster::use_cache() {
  size_t lost = 0;
  Result<ObjectChanges> kept = read_cache(config_.cache, lost);
  if (!kept) {
    began_ = Clock::now();  // the API server may come, or the file
    log_warning("the API server is away, and there is no cache of the cluster",
                {{"error", kept.error().message}});
    return;
  }
  log_warning("the API server is away: the cluster is as it was kept",
              {{"file", config_.cache}, {"objects", kept->size()}, {"lost", lost}});
  apply(*kept);
  // The Secrets that it names have to come before what was kept gives way to what is.
  follow_names();
  unkept_ = false;
  from_cache_ = true;
  become_ready("cache");
}

void Cluster::keep() {
  if (config_.cache.empty() || !ready_ || from_cache_ || !std::exchange(unkept_, false)) return;
  kept_at_ = Clock::now();
  Result<void> written = write_cache(config_.cache, translator_->store(), config_.cache_secrets);
  if (!written) log_error("the cluster is not kept", {{"error", written.error().message}});
}

std::string Cluster::prometheus() const {
  return counts_.prometheus() + translated_.prometheus() + (leader_ ? leader_->prometheus() : "");
}

}  // namespace sallyport::kube
