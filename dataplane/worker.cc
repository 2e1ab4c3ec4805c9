#include "dataplane/worker.h"

#include <string.h>

#include <algorithm>
#include <future>
#include <set>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/base/log.h"
#include "dataplane/base/small_pieces.h"
#include "dataplane/base/thread.h"
#include "dataplane/io/entropy.h"
#include "dataplane/listener_key.h"

namespace sallyport {

/// Lets connections in by the rules that are current when they come.
class Worker::Door final : public Acceptor {
 public:
  Door(Worker& worker, int descriptor, const ListenerRules& rules)
      : worker_(worker), rules_(&rules), listener_(worker.loop_, descriptor, *this) {}

  void set_rules(const ListenerRules& rules) { rules_ = &rules; }

  void on_accept(int descriptor, const Address& peer) override {
    begin_session(worker_, *worker_.generation, *rules_, descriptor, peer);
  }

  void on_accept_backoff(int error) override {
    worker_.metrics_.accept_backoffs.add();
    log_warning("accepting pauses",
                {{"listener", rules_->config.name}, {"error", strerror(error)}});
  }

 private:
  Worker& worker_;
  const ListenerRules* rules_;  // of the current generation
  Listener listener_;           // last: closing it accepts what is queued
};

class Worker::Tide final : public Task {
 public:
  explicit Tide(Worker& worker) : worker_(worker), deadline_(worker.loop_.deadlines(), *this) {
    arm();
  }

  void turn() override {
    if (!deadline_.expired()) return;
    worker_.exchanges_.ebb(worker_.loop_);
    worker_.scratch_.blocks.ebb();
    worker_.scratch_.sealing_contexts.ebb();
    worker_.scratch_.opening_contexts.ebb();
    SmallPieces::ebb();
    arm();
  }

 private:
  void arm() { deadline_.arm(worker_.loop_.now() + Seconds(1)); }

  Worker& worker_;
  Deadline deadline_;
};

namespace {

RequestIds::Seed entropy_seed() {
  RequestIds::Seed seed;
  fill_with_entropy({reinterpret_cast<uint8_t*>(seed.data()), sizeof seed});
  return seed;
}

}  // namespace

Worker::Worker(size_t index, size_t workers, ClientTable& client_table, AccessLog& access_log,
               SnapshotTrash& trash)
    : SessionContext(loop_, index, scratch_, pipes_, metrics_, log_, client_table, backends_,
                     exchanges_, entropy_seed()),
      workers_(workers),
      pipes_(0),
      log_(access_log, loop_, metrics_),
      trash_(trash),
      backends_(loop_, scratch_, metrics_),
      thread_(start_thread("worker", [this] { loop_.run(); })) {
  loop_.submit([this] { tide_ = std::make_unique<Tide>(*this); });
}

Worker::~Worker() {
  loop_.submit([this] {
    tide_.reset();
    doors_.clear();
    sessions.for_each([](Session& s) { s.cut(); });
    backends_.clear();
    // A second call: the loop frees what was cut before it stops.
    loop_.submit([this] {
      if (generation) {
        generation->current = false;
        if (generation->users == 0) retire(generation);
        generation = nullptr;
      }
      loop_.stop();
    });
  });
  thread_.join();
}

std::future<void> Worker::publish(std::shared_ptr<const Snapshot> snapshot,
                                  ListeningSockets sockets) {
  auto done = std::make_shared<std::promise<void>>();
  loop_.submit([this, done, snapshot = std::move(snapshot),
                sockets = std::move(sockets)]() mutable {
    use(std::move(snapshot), std::move(sockets));
    done->set_value();
  });
  return done->get_future();
}

void Worker::use(std::shared_ptr<const Snapshot> snapshot, ListeningSockets sockets) {
  std::set<std::string> wanted;
  for (const auto& rules : snapshot->listeners) wanted.insert(listener_key(rules->config));
  // Closing accepts what is queued, by the rules those clients came under: before the change.
  std::erase_if(doors_, [&](const auto& door) { return !wanted.contains(door.first); });

  Generation* last = std::exchange(generation, new Generation{std::move(snapshot)});
  const Snapshot& now = *generation->snapshot;
  // Each worker has its share of the pipes: one at least, unless there shall be none.
  uint64_t memory = now.config.limits.pipe_memory;
  pipes_.set_limit(memory == 0 ? 0 : std::max(memory / workers_, uint64_t{PipePool::kPipeBytes}));
  for (const auto& rules : now.listeners) {
    std::string key = listener_key(rules->config);
    std::unique_ptr<Door>& door = doors_[key];
    if (!door) door = std::make_unique<Door>(*this, sockets.at(key), *rules);
    door->set_rules(*rules);
  }
  if (!last) return;
  keep_wanted_backends(*last->snapshot);
  last->current = false;
  if (last->users == 0) retire(last);
}

// An identity that a service has no more, because an endpoint, a CA or a certificate is another
// now, would wait for nobody. If another service has it, that one has to connect again, once.
void Worker::keep_wanted_backends(const Snapshot& last) {
  std::set<std::pair<const BackendContext*, std::string>> gone;
  using Held = std::shared_ptr<const Service>;
  auto compare = [&](const std::string&, const Held* was, const Held* now) {
    if (!was) return;
    for (const Endpoint& e : (*was)->endpoints()) gone.emplace((*was)->tls(), e.address.text());
    if (!now) return;
    for (const Endpoint& e : (*now)->endpoints()) gone.erase({(*now)->tls(), e.address.text()});
  };
  generation->snapshot->services.for_each_difference(last.services, compare);
  if (gone.empty()) return;
  auto wanted = [&](const Address& address, const BackendContext* tls) {
    return !gone.contains({tls, address.text()});
  };
  backends_.keep_only([&](const Address& address, std::string_view, const BackendContext* tls) {
    return wanted(address, tls);
  });
  exchanges_.backends().keep_only(wanted);
}

void Worker::stop_listening() {
  std::promise<void> done;
  loop_.submit([&] {
    doors_.clear();
    draining = true;
    sessions.for_each([](Session& s) { s.drain(); });
    done.set_value();
  });
  done.get_future().wait();
}

void Worker::cut_sessions() {
  loop_.submit([this] { sessions.for_each([](Session& s) { s.cut(); }); });
}

std::vector<ConnectionInfo> Worker::connections(size_t most) {
  std::promise<std::vector<ConnectionInfo>> promise;
  auto answer = promise.get_future();
  loop_.submit([&] {
    std::vector<ConnectionInfo> all;
    sessions.for_each([&](Session& s) {
      if (all.size() < most) all.push_back(connection_info(s.describe()));
    });
    promise.set_value(std::move(all));
  });
  return answer.get();
}

void Worker::retire(Generation* unused) {
  trash_.throw_away(std::move(unused->snapshot));
  delete unused;
}

}  // namespace sallyport
