#include "bench/floor/relay.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

#include "dataplane/base/check.h"

namespace sallyport::bench {
namespace {

constexpr size_t kScratch = 64 * 1024;
constexpr size_t kSplice = 256 * 1024;

}  // namespace

Relay::Relay(const RelayOptions& options)
    : options_(options),
      listener_(listen_on(options.listen)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      scratch_(kScratch) {
  epoll_event event{};
  event.events = EPOLLIN;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) == 0);
  int ends[2];
  CHECK(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  pipe_out_ = Fd(ends[0]);
  pipe_in_ = Fd(ends[1]);
  ::fcntl(ends[0], F_SETPIPE_SZ, kSplice);
}

Relay::~Relay() = default;

void Relay::run() {
  epoll_event events[256];
  for (;;) {
    const int count = ::epoll_wait(epoll_.get(), events, 256, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        accept_all();
        continue;
      }
      Side& side = *static_cast<Side*>(events[i].data.ptr);
      side.ready(events[i].events);
      Pair& pair = side.owner();
      if (&pair != &nobody_ && !pair.dead) turn(pair);
    }
    graveyard_.clear();
  }
}

void Relay::accept_all() {
  while (Fd fd = accept_from(listener_.get())) {
    auto pair = std::make_unique<Pair>();
    pair->client = std::make_unique<Side>(*pair, std::move(fd), options_.client_tls, true, "");
    watch(*pair->client);
    Pair* const key = pair.get();
    pairs_.emplace(key, std::move(pair));
  }
}

// Edge-triggered: each turn goes on until nothing moves any more.
void Relay::turn(Pair& pair) {
  if (!shake_hands(pair)) return;
  if (!pair.backend && !connect(pair)) return;
  if (!pair.backend->shaken()) {
    const Flow flow = pair.backend->shake_hands();
    if (flow == Flow::Blocked) return;
    if (flow != Flow::Moved) return finish(pair, false);
  }
  if (!move(pair, *pair.client, *pair.backend, pair.to_backend)) return finish(pair, false);
  if (!move(pair, *pair.backend, *pair.client, pair.to_client)) return finish(pair, false);
  if (pair.to_backend.ended || pair.to_client.ended) finish(pair, true);
}

bool Relay::shake_hands(Pair& pair) {
  if (pair.client->shaken()) return true;
  const Flow flow = pair.client->shake_hands();
  if (flow == Flow::Moved) return true;
  if (flow != Flow::Blocked) finish(pair, false);
  return false;
}

bool Relay::connect(Pair& pair) {
  while (!idle_.empty() && !pair.backend) {
    std::unique_ptr<Side> side = std::move(idle_.back());
    idle_.pop_back();
    if (side->hung_up()) continue;
    side->adopt(pair);
    pair.backend = std::move(side);
  }
  if (pair.backend) return true;
  Fd fd = connect_to(options_.backend);
  if (!fd) {
    finish(pair, false);
    return false;
  }
  pair.backend = std::make_unique<Side>(pair, std::move(fd), options_.backend_tls, false,
                                        options_.backend_name.c_str());
  watch(*pair.backend);
  return false;  // its first event comes when it stands
}

bool Relay::move(Pair& pair, Side& from, Side& to, Direction& direction) {
  if (!flush(to, direction)) return false;
  if (direction.bulk) return move_spliced(from, to, direction);
  while (direction.left.empty() && !direction.ended && from.readable()) {
    size_t count = 0;
    const Flow flow = from.read(scratch_, count);
    if (flow == Flow::Blocked) break;
    if (flow == Flow::Broken) return false;
    if (flow == Flow::Ended) {
      direction.ended = true;
      break;
    }
    Bytes rest = Bytes(scratch_).first(count);
    // OpenSSL takes a record at a time; the event of a full socket comes only after it was full.
    for (Flow written = Flow::Moved; !rest.empty() && written == Flow::Moved;) {
      size_t moved = 0;
      written = to.write(rest, moved);
      if (written == Flow::Broken || written == Flow::Ended) return false;
      rest = rest.subspan(moved);
    }
    direction.bulk = options_.splice && from.plain() && to.plain() && count == scratch_.size();
    direction.at = 0;
    direction.left.assign(rest.begin(), rest.end());
    if (direction.bulk) return move_spliced(from, to, direction);
  }
  return !pair.dead;
}

// The pipe is everybody's: what it holds leaves it in the same turn, into memory if need be.
bool Relay::move_spliced(Side& from, Side& to, Direction& direction) {
  while (direction.left.empty() && !direction.ended && from.readable()) {
    const ssize_t got = ::splice(from.fd(), nullptr, pipe_in_.get(), nullptr, kSplice,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got == 0) {
      direction.ended = true;
      break;
    }
    if (got < 0) {
      if (errno != EAGAIN) return false;
      if (!from.hung_up()) from.drained();
      break;
    }
    if (static_cast<size_t>(got) < kScratch) direction.bulk = false;
    ssize_t waiting = got;
    while (waiting > 0) {
      const ssize_t put = ::splice(pipe_out_.get(), nullptr, to.fd(), nullptr,
                                   static_cast<size_t>(waiting), SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (put < 0 && errno != EAGAIN) return false;
      if (put <= 0) break;
      waiting -= put;
    }
    if (waiting > 0) {
      direction.at = 0;
      direction.left.resize(static_cast<size_t>(waiting));
      size_t have = 0;
      while (have < direction.left.size()) {
        const ssize_t count =
            ::read(pipe_out_.get(), direction.left.data() + have, direction.left.size() - have);
        CHECK(count > 0);
        have += static_cast<size_t>(count);
      }
    }
  }
  return true;
}

bool Relay::flush(Side& to, Direction& direction) {
  if (direction.left.empty()) return true;
  while (direction.at < direction.left.size()) {
    size_t moved = 0;
    const Flow flow = to.write(Bytes(direction.left).subspan(direction.at), moved);
    if (flow == Flow::Blocked) return true;
    if (flow != Flow::Moved) return false;
    direction.at += moved;
  }
  direction.left.clear();
  return true;
}

// What ends ends both: the loads of the measurements end a connection when all has been said.
void Relay::finish(Pair& pair, bool clean) {
  if (pair.dead) return;
  pair.dead = true;
  const bool quiet = pair.to_backend.left.empty() && pair.to_client.left.empty();
  if (options_.pool && clean && quiet && pair.backend && !pair.to_client.ended) {
    pair.backend->adopt(nobody_);
    idle_.push_back(std::move(pair.backend));
  }
  const auto found = pairs_.find(&pair);
  graveyard_.push_back(std::move(found->second));
  pairs_.erase(found);
}

void Relay::watch(Side& side) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &side;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, side.fd(), &event) == 0);
}

}  // namespace sallyport::bench
