#include "control/publisher.h"

#include <set>
#include <thread>

#include "control/file/secret_reader.h"
#include "control/file/yaml_reader.h"
#include "control/kube/salvage.h"
#include "control/version.h"
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

bool same(const SecretMap& a, const SecretMap& b) {
  bool same = true;
  a.for_each_difference(b, [&](const std::string&, const auto* was, const auto* now) {
    same = same && was && now && **was == **now;
  });
  return same;
}

std::vector<std::shared_ptr<Stapling>> staplings_of(const Snapshot& snapshot) {
  std::set<std::shared_ptr<Stapling>> all;
  for (const auto& site : snapshot.sites) {
    for (const auto& certificate : site->certificates) {
      if (certificate->stapling()) all.insert(certificate->stapling());
    }
  }
  return {all.begin(), all.end()};
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
    : file_(std::move(file)), server_(server), resolver_(resolver), builder_(server.workers()) {
  metrics_.version = kVersion;
}

Publisher::Read Publisher::read() const {
  Read all;
  ReadResult file = read_config_file(file_);
  all.config = std::move(file.config);
  all.problems = std::move(file.problems);
  if (all.config) all.secrets = read_secrets(*all.config, all.problems);
  return all;
}

bool Publisher::reload() { return apply(read()); }

void Publisher::reload_if_changed() {
  Read now = read();
  if (now.config && now.problems.empty() && *now.config == *of_file_.config &&
      same(now.secrets, of_file_.secrets)) {
    if (metrics_.last_reload_ok) return;
  }
  if (!now.problems.empty() && texts(now.problems) == refused_) return;
  apply(std::move(now));
}

bool Publisher::apply(Read read) {
  if (!read.problems.empty()) return refuse(read.problems);
  Read of_file = read;
  if (cluster_) {
    cluster_->set_listeners(read.config->listeners);
    add_cluster_to(read);
  }
  std::vector<std::string> names = names_to_resolve(*read.config);
  resolver_.set_names(names);
  wait_for_names(read.config->resolver);
  if (publish(*read.config, std::move(read.secrets))) {
    names_ = std::move(names);
    of_file_ = std::move(of_file);
    log_info("configuration applied", {{"file", file_},
                                       {"listeners", read.config->listeners.size()},
                                       {"sites", read.config->sites.size()},
                                       {"services", read.config->services.size()}});
    return true;
  }
  resolver_.set_names(names_to_resolve(config_));
  return false;
}

// The file's sites and secrets come first: what an operator of the machine has written wins.
void Publisher::add_cluster_to(Read& read) const {
  if (!cluster_->ready()) {
    Config settings = *read.config;
    settings.listeners.clear();
    settings.sites = {};
    settings.services = {};
    settings.secrets = {};
    settings.ticket_keys = {};
    read.config = std::move(settings);
    read.secrets = {};
    return;
  }
  read.config = cluster_->complete(std::move(*read.config));
  SecretMap all = cluster_->secrets();
  read.secrets.for_each([&](const std::string& name, const auto& data) { all.put(name, data); });
  read.secrets = std::move(all);
}

bool Publisher::publish_cluster() {
  Read read = of_file_;
  add_cluster_to(read);
  std::vector<std::string> names = names_to_resolve(*read.config);
  if (names != names_) {
    resolver_.set_names(names);
    wait_for_names(read.config->resolver);
    names_ = std::move(names);
  }
  return publish(*read.config, std::move(read.secrets));
}

std::set<std::string> Publisher::folders() const {
  auto folder_of = [](const std::string& path) {
    size_t slash = path.rfind('/');
    if (slash == std::string::npos) return std::string(".");
    return path.substr(0, std::max(slash, size_t{1}));
  };
  std::set<std::string> all = {folder_of(file_)};
  for (const SecretConfig& secret : config_.secrets) {
    if (!secret.directory.empty()) all.insert(secret.directory);
    for (const std::string* path :
         {&secret.tls_crt, &secret.tls_key, &secret.ca_crt, &secret.ca_crl}) {
      if (!path->empty()) all.insert(folder_of(*path));
    }
    for (const std::string& path : secret.ticket_keys) all.insert(folder_of(path));
  }
  return all;
}

// A new service shall not begin without the addresses that a moment brings. Names that do not
// answer in time hold up nothing: their service has no endpoint until they do.
void Publisher::wait_for_names(const ResolverConfig& resolver) {
  auto end = std::chrono::steady_clock::now() + 2 * resolver.timeout;
  while (!resolver_.settled() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(Millis(5));
  }
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

bool Publisher::publish(Config config, SecretMap secrets) {
  Problems problems;
  Materials materials{std::move(secrets), resolver_.addresses()};
  std::shared_ptr<const Snapshot> snapshot = builder_.build(config, materials, problems);
  if (!snapshot && cluster_ && cluster_->ready()) {
    snapshot = build_rest(config, materials, problems);
  } else {
    left_out_.clear();
  }
  if (!snapshot) return refuse(problems);
  std::vector<std::shared_ptr<Stapling>> staplings = staplings_of(*snapshot);
  Result<void> published = server_.publish(std::move(snapshot));
  if (!published) return refuse({{{}, "", published.error().message}});
  stapler_.keep(std::move(staplings));

  bool first = metrics_.last_reload_at == 0;
  if (!first) warn_of_what_waits_for_a_restart(config_, config);
  std::lock_guard lock(mutex_);
  config_ = config;
  refused_.clear();
  secrets_ = std::move(materials.secrets);
  ++metrics_.reloads_applied;
  metrics_.last_reload_ok = true;
  metrics_.last_reload_at = seconds_now();
  metrics_.listeners = config.listeners.size();
  metrics_.sites = config.sites.size();
  metrics_.services = config.services.size();
  return true;
}

void Publisher::refresh_addresses() {
  Problems problems;
  Materials materials{std::move(secrets_), resolver_.addresses()};
  std::shared_ptr<const Snapshot> snapshot = builder_.build(config_, materials, problems);
  secrets_ = std::move(materials.secrets);
  if (!snapshot) return;  // cannot be: the same material was built before
  Result<void> published = server_.publish(std::move(snapshot));
  if (!published) log_error("new addresses not applied", {{"error", published.error().message}});
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
  std::lock_guard lock(mutex_);
  ProcessMetrics all = metrics_;
  all.resolver_failures = resolver_.failures();
  all.staples = stapler_.metrics();
  return all;
}

Config Publisher::config() const {
  std::lock_guard lock(mutex_);
  return config_;
}

void Publisher::set_draining() {
  std::lock_guard lock(mutex_);
  metrics_.draining = true;
}

}  // namespace sallyport
