#include "dataplane/server.h"

#include <unistd.h>

#include "dataplane/io/listener.h"
#include "dataplane/listener_key.h"

namespace sallyport {

Server::Server(size_t workers, AccessLog& access_log) : health_(workers) {
  for (size_t i = 0; i < workers; ++i) {
    SnapshotTrash& trash = *this;
    workers_.push_back(std::make_unique<Worker>(i, workers, clients_, access_log, trash));
  }
}

Server::~Server() {
  workers_.clear();
  empty_trash();
}

Result<void> Server::publish(std::shared_ptr<const Snapshot> snapshot) {
  Result<std::vector<ListeningSockets>> sockets = bind_new(*snapshot);
  if (!sockets) return sockets.error();
  std::map<std::string, Address> bound;
  for (const auto& rules : snapshot->listeners) {
    std::string key = listener_key(rules->config);
    auto fresh = sockets->front().find(key);
    bound[key] = fresh != sockets->front().end() ? bound_address(fresh->second) : bound_[key];
  }
  bound_ = std::move(bound);
  {
    std::lock_guard lock(current_mutex_);
    current_ = snapshot;
  }
  std::vector<std::future<void>> adopted;
  for (size_t i = 0; i < workers_.size(); ++i) {
    adopted.push_back(workers_[i]->publish(snapshot, std::move((*sockets)[i])));
  }
  for (std::future<void>& each : adopted) each.wait();
  health_.use(snapshot->services);
  empty_trash();
  return {};
}

// A socket per worker for each listener that is not bound yet.
Result<std::vector<ListeningSockets>> Server::bind_new(const Snapshot& snapshot) {
  std::vector<ListeningSockets> all(workers_.size());
  for (const auto& rules : snapshot.listeners) {
    const ListenerConfig& listener = rules->config;
    std::string key = listener_key(listener);
    if (bound_.contains(key)) continue;
    Address address = listener.address;
    for (ListeningSockets& of_worker : all) {
      Result<int> socket = listen_on(address, listener.any, PortSharing::Workers);
      if (!socket) {
        for (ListeningSockets& sockets : all) {
          for (auto& [_, descriptor] : sockets) ::close(descriptor);
        }
        return Error{listener.place.text() + ": listeners: " + socket.error().message};
      }
      of_worker[key] = *socket;
      address = address.with_port(bound_address(*socket).port());  // all share what port 0 became
    }
  }
  return all;
}

void Server::stop_listening() {
  for (auto& worker : workers_) worker->stop_listening();
}

void Server::cut_sessions() {
  for (auto& worker : workers_) worker->cut_sessions();
}

std::vector<const WorkerMetrics*> Server::metrics() const {
  std::vector<const WorkerMetrics*> all;
  for (const auto& worker : workers_) all.push_back(&worker->metrics());
  return all;
}

namespace {

void add_health(const ServiceHealth& health, ServiceSample& sample) {
  ServiceTotals& totals = sample.totals;
  totals.checked = true;
  totals.checks_passed = health.counts->passed.value();
  totals.checks_failed = health.counts->failed.value();
  for (const auto& endpoint : health.endpoints) {
    ++totals.endpoints[static_cast<size_t>(endpoint->state())];
  }
}

}  // namespace

TrafficSamples Server::traffic() const {
  std::shared_ptr<const Snapshot> snapshot;
  {
    std::lock_guard lock(current_mutex_);
    snapshot = current_;
  }
  TrafficSamples samples;
  if (!snapshot) return samples;
  std::set<const Service*> seen;
  for (const auto& site : snapshot->sites) {
    for (const auto& route : site->routes) {
      if (!route->service) continue;
      RouteSample& of_route = samples.routes.emplace_back();
      of_route.site = site->name;
      of_route.route = route->path;
      of_route.service = route->service->name();
      for (size_t w = 0; w < workers_.size(); ++w) of_route.totals.add(route->metrics->of(w));
      if (!seen.insert(route->service.get()).second) continue;
      ServiceSample& of_service = samples.services.emplace_back();
      of_service.service = route->service->name();
      for (size_t w = 0; w < workers_.size(); ++w) {
        of_service.totals.add(route->service->metrics(w));
      }
      if (const ServiceHealth* health = route->service->health()) add_health(*health, of_service);
    }
  }
  return samples;
}

std::vector<ConnectionInfo> Server::connections(size_t most) {
  std::vector<ConnectionInfo> all;
  for (auto& worker : workers_) {
    if (all.size() >= most) break;
    std::vector<ConnectionInfo> some = worker->connections(most - all.size());
    all.insert(all.end(), std::make_move_iterator(some.begin()),
               std::make_move_iterator(some.end()));
  }
  return all;
}

std::vector<std::pair<std::string, Address>> Server::listening() const {
  std::vector<std::pair<std::string, Address>> all;
  if (!current_) return all;
  for (const auto& rules : current_->listeners) {
    all.emplace_back(rules->config.name, bound_.at(listener_key(rules->config)));
  }
  return all;
}

void Server::throw_away(std::shared_ptr<const Snapshot> snapshot) {
  std::lock_guard lock(trash_mutex_);
  trash_.push_back(std::move(snapshot));
}

void Server::empty_trash() {
  std::vector<std::shared_ptr<const Snapshot>> trash;
  {
    std::lock_guard lock(trash_mutex_);
    trash.swap(trash_);
  }
}

}  // namespace sallyport
