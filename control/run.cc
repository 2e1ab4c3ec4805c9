#include "control/run.h"

#include <signal.h>
#include <sys/resource.h>

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "control/admin/admin_server.h"
#include "control/admin/connections_json.h"
#include "control/certificates_json.h"
#include "control/config_json.h"
#include "control/file/file_watcher.h"
#include "control/file/yaml_reader.h"
#include "control/kube/cluster.h"
#include "control/publisher.h"
#include "control/snapshot_json.h"
#include "dataplane/base/log.h"
#include "dataplane/base/thread.h"
#include "dataplane/io/resolver.h"
#include "dataplane/observe/access_log.h"
#include "dataplane/observe/prometheus.h"
#include "dataplane/server.h"

namespace sallyport {

namespace {

enum class Event : uint8_t { Hangup, Terminate, Interrupt, Addresses, Files, Cluster };

/// What the control thread waits for.
class Events {
 public:
  void push(Event event) {
    std::lock_guard lock(mutex_);
    queue_.push_back(event);
    changed_.notify_one();
  }
  /// False when `most` passed and nothing happened.
  bool wait(Millis most, Event& event) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, most, [&] { return !queue_.empty(); })) return false;
    event = queue_.front();
    queue_.pop_front();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> queue_;
};

/// Turns signals into events. They must be blocked in every thread.
class Signals {
 public:
  static sigset_t set() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int s : {SIGHUP, SIGTERM, SIGINT, SIGUSR2}) sigaddset(&signals, s);
    return signals;
  }
  static void block() {
    sigset_t signals = set();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    // A splice into a connection that was reset raises it, and has no flag that says not to.
    signal(SIGPIPE, SIG_IGN);
  }

  explicit Signals(Events& events)
      : thread_(start_thread("signals", [this, &events] { watch(events); })) {}
  ~Signals() {
    pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
  }

 private:
  void watch(Events& events) {
    sigset_t signals = set();
    for (int caught = 0; sigwait(&signals, &caught) == 0 && caught != SIGUSR2;) {
      events.push(caught == SIGHUP    ? Event::Hangup
                  : caught == SIGTERM ? Event::Terminate
                                      : Event::Interrupt);
    }
  }

  std::thread thread_;
};

/// The resolver and the loop it runs on, in a thread of their own.
class ResolverThread {
 public:
  ResolverThread(const ResolverConfig& config, std::function<void()> on_change)
      : resolver_(loop_, config, std::move(on_change)),
        thread_(start_thread("resolver", [this] { loop_.run(); })) {}
  ~ResolverThread() {
    loop_.stop();
    thread_.join();  // before the resolver goes: it may not while its loop runs
  }
  Resolver& resolver() { return resolver_; }

 private:
  Loop loop_;
  Resolver resolver_;
  std::thread thread_;
};

// Every connection takes two descriptors; the soft limit is there for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// The process: built in the order of the members, ended in the opposite one.
class Process {
 public:
  Process(const std::string& file, const Config& config, AccessLog& access_log)
      : config_(config),
        access_log_(access_log),
        server_(worker_count(config), access_log),
        resolver_(config.resolver, [this] { events_.push(Event::Addresses); }),
        publisher_(file, server_, resolver_.resolver()),
        signals_(events_) {
    if (!config.kubernetes) return;
    cluster_.emplace(*config.kubernetes, config.listeners,
                     [this] { events_.push(Event::Cluster); });
    publisher_.add_cluster(*cluster_);
  }

  /// `first`: the file as it was read last.
  int run(ReadResult first) {
    if (!publisher_.start(std::move(first))) return 1;
    watch();
    auto admin = AdminServer::start(config_.metrics, config_.admin, admin_source());
    if (!admin) {
      log_error("cannot start", {{"error", admin.error().message}});
      return 1;
    }
    say_where(**admin);
    if (!cluster_) become_ready();
    bool drains = serve();
    if (drains) drain();
    return failed_ ? 1 : 0;
  }

 private:
  static size_t worker_count(const Config& config) {
    size_t cores = std::max(1u, std::thread::hardware_concurrency());
    return config.workers ? config.workers : std::min(cores, kMaxWorkers);
  }

  AdminSource admin_source() {
    return {
        [this] { return ready_.load(); },
        [this] {
          return prometheus_text(server_.metrics(), publisher_.process_metrics(),
                                 server_.traffic()) +
                 (cluster_ ? cluster_->prometheus() : "");
        },
        [this] { return to_json(publisher_.config()); },
        [this](size_t most) {
          return connections_json(server_.connections(most), server_.open_connections());
        },
        [this](const ApiQuery& query) { return sites_json(*publisher_.snapshot(), query); },
        [this](const ApiQuery& query) {
          return services_json(*publisher_.snapshot(), server_.traffic().services, query);
        },
        [this](const ApiQuery& query) {
          auto [snapshot, secrets] = publisher_.in_use();
          return certificates_json(*snapshot, secrets, query);
        },
    };
  }

  void say_where(AdminServer& admin) {
    if (config_.metrics.enabled()) {
      log_info("metrics", {{"address", admin.metrics_address().text()}});
    }
    if (config_.admin.enabled()) {
      log_info("admin",
               {{"address", config_.admin.unix_path.empty() ? admin.admin_address().text()
                                                            : "unix:" + config_.admin.unix_path}});
    }
  }

  void become_ready() {
    for (const auto& [name, address] : server_.listening()) {
      log_info("listening", {{"listener", name}, {"address", address.text()}});
    }
    watch();  // the folders of secrets that are in use now
    log_info("ready", {{"workers", server_.workers()}});
    ready_ = true;
  }

  // The cluster has something new. False: it cannot be served from the beginning.
  bool apply_cluster(bool traffic) {
    if (!traffic) return true;
    bool published = publisher_.publish_cluster();
    if (ready_) return true;
    failed_ = !published;
    if (failed_) return false;
    become_ready();
    return true;
  }

  // Until asked to end; true: by draining.
  bool serve() {
    for (;;) {
      Event event;
      if (cluster_ && !apply_cluster(cluster_->tick())) return false;
      if (std::chrono::steady_clock::now() > last_tick_ + Seconds(2)) publisher_tick();
      if (!events_.wait(Seconds(1), event)) {
        server_.empty_trash();
        publisher_tick();
        continue;
      }
      switch (event) {
        case Event::Hangup:
          publisher_.reload();
          reopen_access_log();
          watch();
          break;
        case Event::Files:
          files_changed();
          break;
        case Event::Addresses: publisher_.refresh_addresses(); break;
        case Event::Cluster:
          if (!apply_cluster(cluster_->take())) return false;
          break;
        case Event::Terminate: return true;
        case Event::Interrupt: return false;
      }
    }
  }

  void watch() {
    if (!publisher_.settings().watch) {
      watcher_.reset();
      return;
    }
    if (!watcher_) {
      watcher_.emplace([this](FileChanges changes) {
        std::lock_guard lock(changes_mutex_);
        bool first = changes_.empty();
        changes_.merge(std::move(changes));
        if (first) events_.push(Event::Files);
      });
    }
    watcher_->watch(publisher_.folders());
  }

  void files_changed() {
    FileChanges changes;
    {
      std::lock_guard lock(changes_mutex_);
      std::swap(changes, changes_);
    }
    if (!publisher_.files_changed(changes)) {
      if (watcher_) watcher_->watch_again();
      return;
    }
    if (access_log_.config() != publisher_.settings().access_log) reopen_access_log();
    watch();
  }

  // Once a second if nothing else happens, else every other second.
  void publisher_tick() {
    last_tick_ = std::chrono::steady_clock::now();
    publisher_.tick();
    if (!watcher_) return;
    FileChanges found = watcher_->watch_again();
    if (!found.empty() && publisher_.files_changed(found)) watch();
  }

  // The file may have been rotated, or be another by the new configuration.
  void reopen_access_log() {
    Result<void> opened = access_log_.reopen(publisher_.settings().access_log);
    if (!opened) log_error("access log goes on as it was", {{"error", opened.error().message}});
  }

  void drain() {
    Config config = publisher_.config();
    publisher_.set_draining();
    ready_ = false;
    log_info("draining", {{"delay_ms", config.drain_delay.count()},
                          {"timeout_ms", config.drain_timeout.count()},
                          {"connections", server_.open_connections()}});
    auto now = [] { return std::chrono::steady_clock::now(); };
    // Those who send us clients see /readyz fail and stop; until then, come in.
    if (wait_until(now() + config.drain_delay, [] { return false; })) return;
    server_.stop_listening();
    auto end = now() + config.drain_timeout;
    if (wait_until(end, [&] { return server_.open_connections() == 0; })) return;
    uint64_t left = server_.open_connections();
    if (left > 0) log_warning("drain timeout, cutting connections", {{"connections", left}});
    server_.cut_sessions();
  }

  // Waits for the time or for `done`. True: somebody insisted on ending at once.
  template <class Done>
  bool wait_until(std::chrono::steady_clock::time_point end, Done done) {
    constexpr Millis kStep{20};
    while (std::chrono::steady_clock::now() < end && !done()) {
      Event event;
      if (events_.wait(kStep, event) && (event == Event::Interrupt || event == Event::Terminate)) {
        return true;
      }
    }
    return false;
  }

  Config config_;
  AccessLog& access_log_;
  Events events_;
  std::atomic<bool> ready_{false};
  bool failed_ = false;  // there is nothing that can be served
  Server server_;
  ResolverThread resolver_;
  Publisher publisher_;
  Signals signals_;
  std::chrono::steady_clock::time_point last_tick_ = std::chrono::steady_clock::now();
  std::mutex changes_mutex_;
  FileChanges changes_;
  std::optional<kube::Cluster> cluster_;
  std::optional<FileWatcher> watcher_;
};

}  // namespace

int run(const RunOptions& options) {
  const std::string& file = options.file;
  Signals::block();
  ReadResult read = read_config_file(file);
  if (!read.config) {
    for (const Problem& problem : read.problems) {
      std::fprintf(stderr, "%s\n", problem.text().c_str());
    }
    return 1;
  }
  if (options.ssl_passthrough && !read.config->kubernetes) {
    std::fprintf(stderr, "%s: --enable-ssl-passthrough belongs to a cluster: write kubernetes: {}"
                         " as well\n", file.c_str());
    return 1;
  }
  Config config = *read.config;
  if (options.ssl_passthrough) config.kubernetes->ssl_passthrough = true;
  raise_descriptor_limit();
  auto access_log = AccessLog::open(config.access_log);
  if (!access_log) {
    std::fprintf(stderr, "%s: access_log: %s\n", file.c_str(), access_log.error().message.c_str());
    return 1;
  }
  Process process(file, config, **access_log);
  return process.run(std::move(read));
}

}  // namespace sallyport
