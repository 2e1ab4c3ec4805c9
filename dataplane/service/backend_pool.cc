#include "dataplane/service/backend_pool.h"

#include <algorithm>
#include <utility>

namespace sallyport {

namespace {

// How exactly idle times are kept: one look at all buckets now and then, no deadline for each.
constexpr Millis kSweep{1000};

// How many of those who wait look elsewhere after a failure: all of them, after a few failures.
constexpr uint32_t kCalledOnFailure = 64;

// Where the kernel decrypts, tickets come as records, in as many pieces as they are read in.
constexpr size_t kTicket = 2048;

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
  uint8_t bytes[kTicket];
  FlowResult r = stream_.read(bytes);
  if (r.kind != Flow::Blocked) pool_.drop(*this);
}

bool BackendConnection::has_ended() {
  stream_.socket().expect_news();
  uint8_t bytes[kTicket];
  return stream_.read(bytes).kind != Flow::Blocked;
}

BackendPool::BackendPool(Loop& loop, Scratch& scratch, WorkerMetrics& metrics)
    : loop_(loop), scratch_(scratch), metrics_(metrics), sweep_(loop.deadlines(), *this) {}

BackendPool::~BackendPool() { clear(); }

size_t BackendPool::Hash::operator()(const Identity& i) const {
  return i.address.ip_hash() * 31 + i.address.port() + std::hash<const void*>{}(i.tls);
}

BackendPool::Identity BackendPool::identity_of(const Service& service, const Endpoint& endpoint) {
  return {endpoint.address, service.tls() ? std::string_view(endpoint.name) : std::string_view(),
          service.tls()};
}

BackendPool::Bucket& BackendPool::bucket_for(const Identity& i) {
  auto found = buckets_.find(i);
  if (found != buckets_.end()) return *found->second;
  if (!sweep_.armed()) sweep_.arm(loop_.now() + kSweep);
  Key key{i.address, std::string(i.name), i.tls};
  return *(buckets_[std::move(key)] = std::make_unique<Bucket>());
}

// Making

std::unique_ptr<BackendConnection> BackendPool::make(const Service& service,
                                                     const Endpoint& endpoint, Waiter& waiter) {
  ++bucket_for(identity_of(service, endpoint)).making;
  had_turn(waiter);
  auto connection = std::make_unique<BackendConnection>(*this, service, endpoint);
  connection->being_made_ = true;
  return connection;
}

void BackendPool::made(BackendConnection& connection) { no_longer_made(connection, 1); }

void BackendPool::failed(BackendConnection& connection) {
  no_longer_made(connection, kCalledOnFailure);
}

void BackendPool::no_longer_made(BackendConnection& connection, uint32_t called) {
  if (!std::exchange(connection.being_made_, false)) return;
  Bucket& bucket = *bucket_of(connection);
  --bucket.making;
  call(bucket, called);
}

// Waiting

bool BackendPool::wait(const Service& service, const Endpoint& endpoint, Waiter& waiter,
                       Task& task) {
  Bucket& bucket = bucket_for(identity_of(service, endpoint));
  bool has_turn = waiter.bucket_ == &bucket;
  uint32_t taken = bucket.making + (has_turn ? 0 : bucket.called);
  if (taken < kMakingMost && (has_turn || bucket.waiting.empty())) return false;
  had_turn(waiter);
  waiter.bucket_ = &bucket;
  waiter.task_ = &task;
  bucket.waiting.push_back(waiter);
  return true;
}

// For each connection that is given back, and each that may be made, one.
void BackendPool::call(Bucket& bucket, uint32_t most) {
  for (; most > 0 && !bucket.waiting.empty(); --most) {
    Waiter& first = bucket.waiting.front();
    first.ListLink<WaitingForBackend>::unlink();
    ++bucket.called;
    loop_.post(*first.task_);
  }
}

void BackendPool::had_turn(Waiter& waiter) {
  DCHECK(!waiter.waiting());
  if (Bucket* bucket = std::exchange(waiter.bucket_, nullptr)) --bucket->called;
}

void BackendPool::Waiter::stop() {
  if (waiting()) {
    ListLink<WaitingForBackend>::unlink();
    bucket_ = nullptr;
  } else if (Bucket* bucket = bucket_) {
    had_turn(*this);
    pool_.call(*bucket, 1);
  }
}

std::unique_ptr<BackendConnection> BackendPool::take(const Service& service,
                                                     const Endpoint& endpoint, Waiter& waiter) {
  auto found = buckets_.find(identity_of(service, endpoint));
  Bucket* here = found == buckets_.end() ? nullptr : found->second.get();
  if (waiter.bucket_ != here) waiter.stop();
  if (!here) return nullptr;
  // What others have been called for is not taken from them.
  if (waiter.bucket_ != here && (!here->waiting.empty() || here->called >= here->size)) {
    return nullptr;
  }
  Bucket& bucket = *here;
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
  had_turn(waiter);
  return std::unique_ptr<BackendConnection>(&last);
}

void BackendPool::give_back(std::unique_ptr<BackendConnection> connection, uint32_t most,
                            Millis longest) {
  BackendConnection& c = *connection;
  Bucket* bucket = bucket_of(c);
  if (most == 0 || (bucket && bucket->size >= most)) {
    return discard(std::move(connection), Farewell::Orderly);
  }
  if (!bucket) bucket = &bucket_for({c.address_, c.name_, c.tls_.get()});
  bucket->longest = longest;
  bucket->idle.push_back(*connection.release());
  ++bucket->size;
  metrics_.backend_idle.add();
  c.since_ = loop_.now();
  c.stream_.socket().set_owner(c);
  if (!sweep_.armed()) sweep_.arm(loop_.now() + kSweep);
  // What has come meanwhile made its edge for somebody else.
  if (c.stream_.socket().readable() || c.stream_.has_received()) loop_.post(c);
  call(*bucket, 1);
}

void BackendPool::discard(std::unique_ptr<BackendConnection> connection, Farewell farewell) {
  made(*connection);
  Stream& stream = connection->stream_;
  if (stream.asked_for_new_keys()) metrics_.kernel_tls[1].key_updates.add();
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
    at = bucket.unused() ? buckets_.erase(at) : std::next(at);
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
    at = bucket.unused() ? buckets_.erase(at) : std::next(at);
  }
}

void BackendPool::clear() {
  keep_only([](const Address&, std::string_view, const BackendContext*) { return false; });
}

}  // namespace sallyport
