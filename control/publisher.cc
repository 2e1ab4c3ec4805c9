#include "control/publisher.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "control/expiries.h"
#include "control/file/secret_reader.h"
#include "control/kube/salvage.h"
#include "control/version.h"
#include "dataplane/base/list_delta.h"
#include "dataplane/base/log.h"

namespace sallyport {

namespace {

int64_t seconds_now() {
  return std::chrono::duration_cast<Seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What a running process cannot change: said once, not silently ignored.
void warn_of_what_waits_for_a_restart(const Config& before, const Config& after) {
  auto warn = [](const char* key) {
    log_warning("the change of a key takes effect at the next start", {{"key", key}});
  };
  if (before.workers != after.workers) warn("workers");
  if (!(before.metrics == after.metrics)) warn("metrics");
  if (!(before.admin == after.admin)) warn("admin");
  if (!(before.resolver == after.resolver)) warn("resolver");
  if (before.kubernetes != after.kubernetes) warn("kubernetes");
}

std::vector<std::string> texts(const Problems& problems) {
  std::vector<std::string> all;
  for (const Problem& problem : problems) all.push_back(problem.text());
  return all;
}

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, std::max(slash, size_t{1}));
}

std::string name_in_folder(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::set<std::string> folders_of(const SecretConfig& secret) {
  if (!secret.directory.empty()) return {secret.directory};
  std::set<std::string> all;
  for (const std::string* path :
       {&secret.tls_crt, &secret.tls_key, &secret.ca_crt, &secret.ca_crl}) {
    if (!path->empty()) all.insert(folder_of(*path));
  }
  for (const std::string& path : secret.ticket_keys) all.insert(folder_of(path));
  return all;
}

const std::string& name_of(const SecretConfig& secret) { return secret.name; }

Millis overlap_of(const Config& config, const std::string& name) {
  auto found = std::lower_bound(
      config.secrets.begin(), config.secrets.end(), name,
      [](const SecretConfig& secret, const std::string& wanted) { return secret.name < wanted; });
  bool own = found != config.secrets.end() && found->name == name && found->ca_overlap;
  return own ? *found->ca_overlap : config.ca_overlap;
}

// Longer than anybody takes to write the two halves of a pair.
constexpr Millis kPatience{2'000};

Instant now() {
  return Instant(
      std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch()));
}

}  // namespace

std::vector<std::string> names_to_resolve(const Config& config) {
  std::set<std::string> names;
  for (const ServiceConfig& service : config.services) {
    for (const EndpointConfig& endpoint : service.endpoints) {
      if (!Address::parse_ip(endpoint.host)) names.insert(endpoint.host);
    }
  }
  return {names.begin(), names.end()};
}

Publisher::Publisher(std::string file, Server& server, Resolver& resolver)
    : file_(std::move(file)),
      server_(server),
      resolver_(resolver),
      builder_(server.workers(), SnapshotBuilder::Checks::Soon) {
  metrics_.version = kVersion;
}

Publisher::Data Publisher::read_one(const SecretConfig& secret, Problems& problems) {
  std::lock_guard lock(mutex_);
  ++metrics_.secrets_read;
  return read_secret(secret, problems);
}

ReadResult Publisher::read_file() {
  {
    std::lock_guard lock(mutex_);
    ++metrics_.files_read;
  }
  return read_config_file(file_);
}

// With `changes`, secrets that nothing has happened to are not read again.
Publisher::Read Publisher::read_secrets(ReadResult file, const FileChanges* changes) {
  Read all;
  all.config = std::move(file.config);
  all.problems = std::move(file.problems);
  if (!all.config) return all;
  ListDelta delta = ListDelta::between(base_.secrets, all.config->secrets, name_of);
  for (size_t i = 0; i < all.config->secrets.size(); ++i) {
    const SecretConfig& secret = all.config->secrets[i];
    const Data* known = base_raw_.find(secret.name);
    bool same = delta.before[i] != ListDelta::kNone && known && changes && !changes->lost;
    for (const std::string& folder : folders_of(secret)) {
      same = same && !changes->names.contains(folder);
    }
    Data data = same ? *known : read_one(secret, all.problems);
    if (data) all.secrets.put(secret.name, std::move(data));
  }
  return all;
}

bool Publisher::start(ReadResult file) {
  {
    std::lock_guard lock(mutex_);
    ++metrics_.files_read;
  }
  return apply_file(read_secrets(std::move(file), nullptr));
}

bool Publisher::reload() { return apply_file(read_secrets(read_file(), nullptr)); }

// What it refers to is watched, too: it may be that which was not there yet.
bool Publisher::refuse_file(const std::optional<Config>& config, const Problems& problems) {
  file_refused_ = true;
  refused_folders_.clear();
  if (config) {
    for (const SecretConfig& secret : config->secrets) refused_folders_.merge(folders_of(secret));
  }
  return refuse(problems);
}

// Others may write in the same folder while the file is being written, and half of it may look
// like a whole one. A ConfigMap's file changes by a link that has another name.
bool Publisher::concerns_file(const FileChanges& changes) const {
  if (changes.lost) return true;
  auto folder = changes.names.find(folder_of(file_));
  if (folder == changes.names.end()) return false;
  std::error_code error;
  std::string target = std::filesystem::weakly_canonical(file_, error).filename().string();
  return std::any_of(folder->second.begin(), folder->second.end(), [&](const std::string& name) {
    return name.empty() || name.starts_with("..") || name == name_in_folder(file_) ||
           name == target;
  });
}

bool Publisher::files_changed(const FileChanges& changes) {
  bool read = file_refused_ || concerns_file(changes);
  if (read && apply_file(read_secrets(read_file(), &changes), refused_)) return true;
  secrets_changed(secrets_in(changes));
  return read;
}

// `told`: problems of which nobody needs to hear again.
bool Publisher::apply_file(Read fresh, const std::vector<std::string>& told) {
  auto refuse_it = [&](const Problems& problems) {
    return texts(problems) != told && refuse_file(fresh.config, problems);
  };
  if (!fresh.problems.empty()) return refuse_it(fresh.problems);
  if (cluster_) cluster_->set_listeners(fresh.config->listeners);
  Problems problems;
  if (!use_with_cluster(*fresh.config, fresh.secrets, problems)) return refuse_it(problems);
  base_ = std::move(*fresh.config);
  base_raw_ = std::move(fresh.secrets);
  file_refused_ = false;
  refused_folders_.clear();
  pending_.clear();
  by_folder_.clear();
  for (const SecretConfig& secret : base_.secrets) {
    for (const std::string& folder : folders_of(secret)) by_folder_[folder].push_back(&secret);
  }
  refused_.clear();
  count_applied();
  log_info("configuration applied", {{"file", file_},
                                     {"listeners", config_.listeners.size()},
                                     {"sites", config_.sites.size()},
                                     {"services", config_.services.size()}});
  return true;
}

// The file's sites and secrets come first: what an operator of the machine has written wins.
bool Publisher::use_with_cluster(const Config& base, const SecretMap& raw, Problems& problems) {
  if (!cluster_) return use(base, raw, problems);
  if (!cluster_->ready()) {
    Config settings = base;
    settings.listeners.clear();
    settings.sites = {};
    settings.services = {};
    settings.secrets = {};
    settings.ticket_keys = {};
    return use(settings, {}, problems);
  }
  SecretMap all = cluster_->secrets();
  raw.for_each([&](const std::string& name, const Data& data) { all.put(name, data); });
  return use(cluster_->complete(base), all, problems, true);
}

bool Publisher::publish_cluster() {
  Problems problems;
  if (!use_with_cluster(base_, base_raw_, problems)) return refuse(problems);
  count_applied();
  return true;
}

std::vector<const SecretConfig*> Publisher::secrets_in(const FileChanges& changes) const {
  std::set<const SecretConfig*> all;
  for (const auto& [folder, _] : changes.names) {
    auto found = by_folder_.find(folder);
    if (found != by_folder_.end()) all.insert(found->second.begin(), found->second.end());
  }
  return {all.begin(), all.end()};
}

void Publisher::secrets_changed(const std::vector<const SecretConfig*>& secrets) {
  SecretMap fresh = base_raw_;
  std::vector<const SecretConfig*> changed;
  for (const SecretConfig* secret : secrets) {
    Problems problems;
    Data data = read_one(*secret, problems);
    const Data* known = base_raw_.find(secret->name);
    if (!data) {
      hold_back(secret->name);
    } else if (known && **known == *data) {
      pending_.erase(secret->name);  // it is what it was before
    } else {
      fresh.put(secret->name, std::move(data));
      changed.push_back(secret);
    }
  }
  if (!changed.empty()) use_secrets(std::move(changed), fresh);
  if (!refused_by_secrets_ || !pending_.empty()) return;
  refused_by_secrets_ = false;
  refused_.clear();
  std::lock_guard lock(mutex_);
  metrics_.last_reload_ok = true;
}

// A file that was refused stays so, whatever else is applied.
void Publisher::count_applied() {
  std::lock_guard lock(mutex_);
  ++metrics_.reloads_applied;
  metrics_.last_reload_ok = refused_.empty();
}

// Where one is bad the others are used all the same: they are tried by halves.
void Publisher::use_secrets(std::vector<const SecretConfig*> secrets, const SecretMap& fresh) {
  SecretMap raw = base_raw_;
  for (const SecretConfig* secret : secrets) raw.put(secret->name, *fresh.find(secret->name));
  Problems problems;
  if (use_with_cluster(base_, raw, problems)) {
    base_raw_ = std::move(raw);
    for (const SecretConfig* secret : secrets) {
      pending_.erase(secret->name);
      log_info("secret applied", {{"secret", secret->name}}, LogSite::of_a_list());
    }
    count_applied();
    return;
  }
  if (secrets.size() == 1) return hold_back(secrets.front()->name);
  auto middle = secrets.begin() + static_cast<ptrdiff_t>(secrets.size() / 2);
  use_secrets({secrets.begin(), middle}, fresh);
  use_secrets({middle, secrets.end()}, fresh);
}

void Publisher::hold_back(const std::string& secret) {
  pending_.try_emplace(secret, Pending{now()});
}

void Publisher::tick() {
  std::vector<const SecretConfig*> again;
  for (const SecretConfig& secret : base_.secrets) {
    if (pending_.empty()) break;
    auto found = pending_.find(secret.name);
    if (found != pending_.end() && !found->second.told) again.push_back(&secret);
  }
  if (!again.empty()) secrets_changed(again);
  tell_pending(now());
  auto overlap = [&](const std::string& name) { return overlap_of(config_, name); };
  if (!overlap_.ended(now(), overlap).empty()) {
    Problems problems;
    if (!use(config_, raw_, problems)) refuse(problems);
  }
}

// What has not become good in good time is as wrong as if it were read for the first time.
bool Publisher::tell_pending(Instant at) {
  Problems problems;
  for (const SecretConfig& secret : base_.secrets) {
    if (pending_.empty()) break;
    auto found = pending_.find(secret.name);
    if (found == pending_.end() || found->second.told) continue;
    if (at - found->second.since < kPatience) continue;
    found->second.told = true;
    SecretMap raw = base_raw_;
    if (Data data = read_one(secret, problems)) {
      raw.put(secret.name, std::move(data));
      use_with_cluster(base_, raw, problems);  // for its words
    }
  }
  if (problems.empty()) return true;
  refused_by_secrets_ = refused_by_secrets_ || refused_.empty();
  return refuse(problems);
}

std::set<std::string> Publisher::folders() const {
  std::set<std::string> all = {folder_of(file_)};
  for (const auto& [folder, _] : by_folder_) all.insert(folder);
  all.insert(refused_folders_.begin(), refused_folders_.end());
  return all;
}

// A new service shall not begin without the addresses that a moment brings. Names that do not
// answer in time hold up nothing: their service has no endpoint until they do.
bool Publisher::resolve(const Config& config) {
  WantedNames names = names_;
  if (!names.change(config_.services, config.services)) return false;
  resolver_.set_names(names.all());
  auto end = now() + 2 * config.resolver.timeout;
  while (!resolver_.settled() && now() < end) std::this_thread::sleep_for(Millis(5));
  return true;
}

// What of a cluster cannot be built harms itself alone: it goes, until it is changed.
std::shared_ptr<const Snapshot> Publisher::build_rest(Config& config, const Materials& materials,
                                                      Problems& problems) {
  constexpr int kRounds = 3;  // what one leaves out may be all that another was about
  size_t file_sites = config.sites.size() - cluster_->sites();
  size_t file_services = config.services.size() - cluster_->services();
  std::vector<std::string> left_out;
  std::shared_ptr<const Snapshot> snapshot;
  for (int round = 0; round < kRounds && !snapshot; ++round) {
    auto rest = kube::without_what_is_wrong(config, problems, file_sites, file_services);
    if (!rest) return nullptr;
    for (std::string& text : texts(problems)) left_out.push_back(std::move(text));
    config = std::move(*rest);
    problems.clear();
    snapshot = builder_.build(config, materials, problems);
  }
  if (snapshot && left_out != left_out_) {
    for (const std::string& text : left_out) log_error(text, {{"effect", "not served"}});
    left_out_ = std::move(left_out);
  }
  return snapshot;
}

// What each secret means now that it is, or is no longer, what it was.
SecretMap Publisher::effective(const Config& config, const SecretMap& raw) {
  SecretMap all = effective_;
  auto put = [&](const std::string& name, const Data& was, const Data& data) {
    all.put(name, overlap_.effective(name, was, data, overlap_of(config, name), now()));
  };
  raw.for_each_difference(raw_, [&](const std::string& name, const Data* was, const Data* is) {
    if (is) {
      put(name, was ? *was : nullptr, *is);
    } else {
      all.erase(name);
      overlap_.forget(name);
    }
  });
  auto overlap = [&](const std::string& name) { return overlap_of(config, name); };
  for (const std::string& name : overlap_.ended(now(), overlap)) {
    const Data* data = raw.find(name);
    const Data* known = raw_.find(name);
    bool changed = !data || !known || *data != *known;  // of those it has been said already
    if (!changed) put(name, *data, *data);
  }
  return all;
}

bool Publisher::use(Config config, const SecretMap& raw, Problems& problems, bool salvage) {
  bool resolving = resolve(config);
  Materials materials{effective(config, raw), resolver_.addresses()};
  std::shared_ptr<const Snapshot> snapshot = builder_.build(config, materials, problems);
  if (!snapshot && salvage) {
    snapshot = build_rest(config, materials, problems);
  } else if (salvage) {
    left_out_.clear();
  }
  if (snapshot) {
    Result<void> published = server_.publish(snapshot);
    if (!published) {
      Problem problem;
      problem.message = published.error().message;
      problems.push_back(std::move(problem));
      snapshot = nullptr;
    }
  }
  if (!snapshot) {
    overlap_.rollback();
    if (resolving) resolver_.set_names(names_.all());
    return false;
  }
  put_in_use(config, raw, std::move(materials.secrets), std::move(snapshot));
  return true;
}

void Publisher::put_in_use(const Config& config, const SecretMap& raw, SecretMap effective,
                           std::shared_ptr<const Snapshot> snapshot) {
  overlap_.commit();
  stapler_.keep(builder_.staplings());
  checker_.add(builder_.take_unchecked());
  names_.change(config_.services, config.services);
  if (metrics_.last_reload_at != 0) warn_of_what_waits_for_a_restart(config_, config);
  raw_ = raw;
  std::lock_guard lock(mutex_);
  effective_ = std::move(effective);
  config_ = config;
  snapshot_ = std::move(snapshot);
  metrics_.last_reload_at = seconds_now();
  metrics_.listeners = config.listeners.size();
  metrics_.sites = config.sites.size();
  metrics_.services = config.services.size();
  metrics_.sites_built = builder_.work().sites;
  metrics_.services_built = builder_.work().services;
  metrics_.contexts_built = builder_.work().contexts;
  metrics_.certificates_parsed = builder_.work().certificates;
}

void Publisher::refresh_addresses() {
  Problems problems;
  // Nothing else has changed, and the same material was built before.
  if (!use(config_, raw_, problems)) {
    for (const Problem& problem : problems) {
      log_error("new addresses not applied", {{"error", problem.text()}});
    }
  }
}

bool Publisher::refuse(const Problems& problems) {
  refused_ = texts(problems);
  for (const Problem& problem : problems) log_error(problem.text(), {}, LogSite::of_a_list());
  log_error("configuration refused, the one in use stays",
            {{"file", file_}, {"problems", problems.size()}});
  std::lock_guard lock(mutex_);
  ++metrics_.reloads_refused;
  metrics_.last_reload_ok = false;
  return false;
}

ProcessMetrics Publisher::process_metrics() const {
  std::unique_lock lock(mutex_);
  ProcessMetrics all = metrics_;
  std::shared_ptr<const Snapshot> current = snapshot_;
  lock.unlock();
  all.resolver_failures = resolver_.failures();
  all.staples = stapler_.metrics();
  all.certificates_unchecked = checker_.waiting();
  all.certificates_bad = checker_.bad();
  if (current) all.expiries = expiries(*current);
  TicketRing::Age tickets = builder_.ticket_ring().age();
  all.ticket_keys = {tickets.keys, static_cast<uint64_t>(tickets.newest.count())};
  return all;
}

Config Publisher::config() const {
  std::lock_guard lock(mutex_);
  return config_;
}

Settings Publisher::settings() const {
  std::lock_guard lock(mutex_);
  return config_.settings();
}

std::shared_ptr<const Snapshot> Publisher::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_;
}

std::pair<std::shared_ptr<const Snapshot>, SecretMap> Publisher::in_use() const {
  std::lock_guard lock(mutex_);
  return {snapshot_, effective_};
}

void Publisher::set_draining() {
  std::lock_guard lock(mutex_);
  metrics_.draining = true;
}

}  // namespace sallyport
