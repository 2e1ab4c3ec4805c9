#include "dataplane/service/backend_pool.h"

#include <algorithm>

namespace sallyport {

namespace {

// How exactly idle times are kept: one look at all buckets now and then, no deadline for each.
constexpr Millis kSweep{1000};

}  // namespace

BackendConnection::BackendConnection(BackendPool& pool, const Service& service,
                                     const Endpoint& endpoint)
    : pool_(pool),
      address_(endpoint.address),
      name_(service.tls() ? endpoint.name : std::string()),
      tls_(service.shared_tls()),
      stream_(pool.scratch_) {}

// While idle, nothing is due from the backend but its end, and tickets under TLS.
void BackendConnection::turn() {
  if (!ListLink<IdleBackends>::linked()) return;
  uint8_t byte;
  FlowResult r = stream_.read({&byte, 1});
  if (r.kind != Flow::Blocked) pool_.drop(*this);
}

bool BackendConnection::has_ended() {
  stream_.socket().expect_news();
  uint8_t byte;
  return stream_.read({&byte, 1}).kind != Flow::Blocked;
}

BackendPool::BackendPool(Loop& loop, Scratch& scratch, WorkerMetrics& metrics)
    : loop_(loop), scratch_(scratch), metrics_(metrics), sweep_(loop.deadlines(), *this) {}

BackendPool::~BackendPool() { clear(); }

size_t BackendPool::Hash::operator()(const Identity& i) const {
  return i.address.ip_hash() * 31 + i.address.port() + std::hash<const void*>{}(i.tls);
}

std::unique_ptr<BackendConnection> BackendPool::make(const Service& service,
                                                     const Endpoint& endpoint) {
  return std::make_unique<BackendConnection>(*this, service, endpoint);
}

std::unique_ptr<BackendConnection> BackendPool::take(const Service& service,
                                                     const Endpoint& endpoint) {
  Identity identity{endpoint.address,
                    service.tls() ? std::string_view(endpoint.name) : std::string_view(),
                    service.tls()};
  auto found = buckets_.find(identity);
  if (found == buckets_.end()) return nullptr;
  Bucket& bucket = *found->second;
  // One whose end has been seen in this very dispatch had no turn yet.
  while (!bucket.idle.empty() && bucket.idle.back().stream_.socket().readable()) {
    BackendConnection& last = bucket.idle.back();
    uint32_t size = bucket.size;
    last.turn();
    if (bucket.size == size) break;
  }
  if (bucket.idle.empty()) return nullptr;
  BackendConnection& last = bucket.idle.back();
  last.ListLink<IdleBackends>::unlink();
  --bucket.size;
  metrics_.backend_idle.subtract();
  last.reused_ = true;
  return std::unique_ptr<BackendConnection>(&last);
}

void BackendPool::give_back(std::unique_ptr<BackendConnection> connection, uint32_t most,
                            Millis longest) {
  BackendConnection& c = *connection;
  Bucket* bucket = bucket_of(c);
  if (most == 0 || (bucket && bucket->size >= most)) {
    return discard(std::move(connection), Farewell::Orderly);
  }
  if (!bucket) {
    Key key{c.address_, c.name_, c.tls_.get()};
    bucket = (buckets_[std::move(key)] = std::make_unique<Bucket>()).get();
  }
  bucket->longest = longest;
  bucket->idle.push_back(*connection.release());
  ++bucket->size;
  metrics_.backend_idle.add();
  c.since_ = loop_.now();
  c.stream_.socket().set_owner(c);
  if (!sweep_.armed()) sweep_.arm(loop_.now() + kSweep);
  // What has come meanwhile made its edge for somebody else.
  if (c.stream_.socket().readable() || c.stream_.has_received()) loop_.post(c);
}

void BackendPool::discard(std::unique_ptr<BackendConnection> connection, Farewell farewell) {
  Stream& stream = connection->stream_;
  if (farewell == Farewell::Reset) {
    stream.reset();
  } else {
    if (stream.open()) stream.say_goodbye();
    stream.close();
  }
  loop_.bury(std::move(connection));
}

BackendPool::Bucket* BackendPool::bucket_of(const BackendConnection& c) {
  auto found = buckets_.find(Identity{c.address_, c.name_, c.tls_.get()});
  return found == buckets_.end() ? nullptr : found->second.get();
}

void BackendPool::drop(BackendConnection& idle) {
  --bucket_of(idle)->size;
  metrics_.backend_idle.subtract();
  idle.ListLink<IdleBackends>::unlink();
  discard(std::unique_ptr<BackendConnection>(&idle), Farewell::Orderly);
}

void BackendPool::turn() {
  if (!sweep_.expired()) return;
  sweep_.disarm();
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    Bucket& bucket = *at->second;
    // The first has been idle longest.
    while (!bucket.idle.empty() && bucket.idle.front().since_ + bucket.longest <= loop_.now()) {
      drop(bucket.idle.front());
    }
    at = bucket.size == 0 ? buckets_.erase(at) : std::next(at);
  }
  if (!buckets_.empty()) sweep_.arm(loop_.now() + kSweep);
}

void BackendPool::keep_only(const std::function<bool(const Address&, std::string_view,
                                                     const BackendContext*)>& wanted) {
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    const Key& key = at->first;
    if (wanted(key.address, key.name, key.tls)) {
      ++at;
      continue;
    }
    Bucket& bucket = *at->second;
    while (!bucket.idle.empty()) drop(bucket.idle.front());
    at = buckets_.erase(at);
  }
}

void BackendPool::clear() {
  keep_only([](const Address&, std::string_view, const BackendContext*) { return false; });
}

}  // namespace sallyport
