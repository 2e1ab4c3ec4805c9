#include "control/kube/cluster_watch.h"

#include "dataplane/base/thread.h"

namespace sallyport::kube {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis kMostWait{1'000};

int64_t wall_seconds() {
  return std::chrono::duration_cast<Seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

ClusterWatch::ClusterWatch(ClusterWatchSettings settings, WatchCounts& counts,
                           std::function<void()> on_due)
    : settings_(std::move(settings)),
      counts_(counts),
      on_due_(std::move(on_due)),
      wanted_changed_(true),
      unsettled_(settings_.scopes.begin(), settings_.scopes.end()) {
  thread_ = start_thread("kube-watch", [this] { run(); });
}

ClusterWatch::~ClusterWatch() {
  stop_ = true;
  client_.wake();
  thread_.join();
}

ObjectChanges ClusterWatch::take() {
  std::lock_guard lock(mutex_);
  told_ = false;
  if (!complete_) return {};
  settled_news_ = false;
  gathering_.take(Clock::now());
  return std::exchange(pending_, {});
}

void ClusterWatch::watch_also(std::set<WatchScope> scopes) {
  {
    std::lock_guard lock(mutex_);
    if (scopes == wanted_) return;
    for (const WatchScope& scope : scopes) {
      if (!wanted_.count(scope)) unsettled_.insert(scope);
    }
    for (const WatchScope& scope : wanted_) {
      if (!scopes.count(scope)) unsettled_.erase(scope);
    }
    wanted_ = std::move(scopes);
    wanted_changed_ = true;
    note_settled();
  }
  client_.wake();
}

bool ClusterWatch::settled() const {
  std::lock_guard lock(mutex_);
  return unsettled_.empty();
}

void ClusterWatch::run() {
  Credentials credentials(settings_.credentials);
  while (!stop_) {
    adopt();
    begin_due(credentials);
    tell_due();
    client_.run(step());
  }
}

// Makes and ends reflectors, so that there is one for each scope.
void ClusterWatch::adopt() {
  std::set<WatchScope> wanted;
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(wanted_changed_, false)) return;
    wanted = wanted_;
  }
  wanted.insert(settings_.scopes.begin(), settings_.scopes.end());
  for (auto it = reflectors_.begin(); it != reflectors_.end();) {
    if (wanted.count(it->first)) {
      ++it;
      continue;
    }
    client_.cancel(*it->second);
    it->second->drop();
    it = reflectors_.erase(it);
  }
  ReflectorListener& listener = *this;
  for (const WatchScope& scope : wanted) {
    if (reflectors_.count(scope)) continue;
    reflectors_.emplace(scope, std::make_unique<Reflector>(scope, settings_.reflector, listener,
                                                           settings_.seed + made_++));
  }
}

void ClusterWatch::begin_due(Credentials& credentials) {
  auto now = Clock::now();
  for (auto& [scope, reflector] : reflectors_) {
    if (reflector->take_refused()) credentials.refused();
    auto at = reflector->due_at();
    if (!at || *at > now) continue;
    Result<Identity> who = credentials.current(now, wall_seconds());
    std::optional<HttpRequest> request = reflector->due();
    if (!request) continue;
    if (who) {
      client_.begin(*request, *who, *reflector);
    } else {
      reflector->failed(who.error().message);
    }
  }
}

// How long nothing needs to be done unless something comes.
Millis ClusterWatch::step() {
  auto now = Clock::now();
  auto wake = now + kMostWait;
  for (const auto& [scope, reflector] : reflectors_) {
    if (auto at = reflector->due_at()) wake = std::min(wake, *at);
  }
  std::lock_guard lock(mutex_);
  if (complete_ && !told_) {
    if (auto at = gathering_.due_at()) wake = std::min(wake, *at);
  }
  if (wanted_changed_) wake = now;
  return std::max(std::chrono::ceil<Millis>(wake - now), Millis(0));
}

void ClusterWatch::tell_due() {
  {
    std::lock_guard lock(mutex_);
    if (told_ || !complete_) return;
    auto at = gathering_.due_at();
    if (!settled_news_ && (!at || *at > Clock::now())) return;
    told_ = true;
  }
  on_due_();
}

void ClusterWatch::on_changes(ObjectChanges changes) {
  auto now = Clock::now();
  for (const ObjectChange& change : changes) counts_.change(change.kind, now);
  std::lock_guard lock(mutex_);
  gathering_.note(now);
  for (ObjectChange& change : changes) pending_.push_back(std::move(change));
}

bool ClusterWatch::on_size(size_t before, size_t after) {
  size_ -= before;
  bool room = after == 0 || (after <= settings_.objects_size &&
                             size_ <= settings_.objects_size - after);
  if (room) size_ += after;
  counts_.size(size_);
  return room;
}

void ClusterWatch::on_settled(const WatchScope& scope) {
  std::lock_guard lock(mutex_);
  unsettled_.erase(scope);
  note_settled();
}

// REQUIRES: the lock.
void ClusterWatch::note_settled() {
  if (!unsettled_.empty()) return;
  complete_ = true;
  settled_news_ = true;
}

}  // namespace sallyport::kube
