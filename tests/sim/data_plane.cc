#include "tests/sim/data_plane.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"

namespace sallyport::sim {

DataPlane::DataPlane(Parts& p, RecordSink& records)
    : SessionContext(p.loop, 0, p.scratch, p.pipes, p.metrics, records, p.clients, p.backends,
                     p.exchanges, {1, 2, 3, 4}) {}

// Freed at once, so that whoever still looks at it is found out.
void DataPlane::retire(Generation* unused) {
  CHECK(unused->users == 0 && !unused->current);
  unused->snapshot.reset();
  ++retired_;
}

void DataPlane::publish(std::shared_ptr<const Snapshot> snapshot) {
  Generation* last = generation;
  generations_.push_back(std::make_unique<Generation>());
  generation = generations_.back().get();
  generation->snapshot = std::move(snapshot);
  if (!last) return;
  keep_wanted_backends();
  last->current = false;
  if (last->users == 0) retire(last);
}

void DataPlane::keep_wanted_backends() {
  const Snapshot& now = *generation->snapshot;
  backends.keep_only([&](const Address& address, std::string_view, const BackendContext* tls) {
    for (const auto& site : now.sites) {
      const Service& service = *site->service;
      const auto& endpoints = service.endpoints();
      if (service.tls() == tls && std::any_of(endpoints.begin(), endpoints.end(), [&](auto& e) {
            return e.address == address;
          })) {
        return true;
      }
    }
    return false;
  });
}

void DataPlane::accept(int descriptor, const Address& peer) {
  ++accepted_;
  begin_session(*this, *generation, *generation->snapshot->listeners.front(), descriptor, peer);
}

void DataPlane::drain() {
  draining = true;
  sessions.for_each([](Session& s) { s.drain(); });
}

void DataPlane::cut_sessions() {
  sessions.for_each([](Session& s) { s.cut(); });
}

std::vector<std::string> DataPlane::problems(size_t recorded) const {
  std::vector<std::string> found;
  auto expect_zero = [&](uint64_t value, const char* what) {
    if (value != 0) found.push_back(std::to_string(value) + " " + what);
  };
  expect_zero(metrics.open.value(), "connections are open, says the gauge");
  expect_zero(metrics.http.in_flight.value(), "requests are in flight, says the gauge");
  expect_zero(metrics.http.tunnels_open.value(), "tunnels are open, says the gauge");
  expect_zero(metrics.backend_idle.value(), "backend connections are kept, says the gauge");
  expect_zero(clients.open(), "places in the client table are taken");
  expect_zero(!sessions.empty(), "sessions are left, or more");
  expect_zero(!loop.deadlines().empty(), "deadlines are left, or more");
  for (const auto& g : generations_) expect_zero(g->users, "sessions use a generation");
  expect_zero(generations_.size() - 1 - retired_, "old generations were not retired");
  uint64_t ended = 0;
  for (auto& by_scenario : metrics.ended) {
    for (const Count& count : by_scenario) ended += count.value();
  }
  auto expect_equal = [&](uint64_t value, const char* what) {
    if (value == accepted_) return;
    found.push_back(std::to_string(accepted_) + " were accepted, but " + std::to_string(value) +
                    " " + what);
  };
  expect_equal(metrics.accepted.value(), "counted as accepted");
  expect_equal(ended, "counted as ended");
  expect_equal(recorded, "recorded");
  return found;
}

}  // namespace sallyport::sim
