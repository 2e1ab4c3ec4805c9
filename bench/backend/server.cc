#include "bench/backend/server.h"

#include <sys/epoll.h>

#include <cstdio>

#include "dataplane/base/check.h"

namespace sallyport::bench {
namespace {

constexpr size_t kScratch = 128 * 1024;
constexpr int kWritesPerTurn = 64;  // before others have their turn
constexpr int kPollMs = 100;

SslPtr server_ssl(SSL_CTX* context) {
  if (context == nullptr) return nullptr;
  SslPtr ssl(SSL_new(context));
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace

struct Server::Client {
  Transport transport;
  std::unique_ptr<Behaviour> behaviour;
  bool shaken = false;
  bool end_received = false, end_sent = false;
  uint32_t watched = 0;
};

Server::Server(const BehaviourOptions& options, Fd listener, SSL_CTX* context)
    : options_(options),
      listener_(std::move(listener)),
      context_(context),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      scratch_(kScratch) {
  epoll_event event{};
  event.events = EPOLLIN;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) == 0);
}

Server::~Server() = default;

void Server::run(const std::atomic<bool>& stop) {
  epoll_event events[256];
  while (!stop) {
    const int count = ::epoll_wait(epoll_.get(), events, 256, kPollMs);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        accept_all();
        continue;
      }
      Client& client = *static_cast<Client*>(events[i].data.ptr);
      if (!turn(client, events[i].events)) forget(client);
    }
  }
  while (!clients_.empty()) forget(*clients_.begin()->first);
}

void Server::accept_all() {
  while (Fd fd = accept_from(listener_.get())) {
    auto client = std::make_unique<Client>();
    client->transport = Transport(std::move(fd), server_ssl(context_));
    client->behaviour = make_behaviour(options_);
    ++counts_.connections;
    watch(*client, EPOLLIN);
    Client* const key = client.get();
    clients_.emplace(key, std::move(client));
    // A source speaks first; for the others there is nothing to do before something has come.
    if (!turn(*key, EPOLLOUT)) forget(*key);
  }
}

bool Server::turn(Client& client, uint32_t events) {
  if (!client.shaken) {
    if (!shake_hands(client)) return false;
    if (!client.shaken) return true;
    events |= EPOLLIN;  // what came with the handshake's last flight is in OpenSSL's hands
  }
  const bool readable = events & (EPOLLIN | EPOLLERR | EPOLLHUP);
  if (readable && !client.end_received && !receive(client)) return false;
  return send(client);
}

bool Server::shake_hands(Client& client) {
  const IoResult result = client.transport.handshake();
  if (result.status == IoStatus::WantRead || result.status == IoStatus::WantWrite) {
    watch(client, result.status == IoStatus::WantRead ? EPOLLIN : EPOLLOUT);
    return true;
  }
  if (result.status != IoStatus::Ok) {
    ++counts_.handshakes_failed;
    return false;
  }
  client.shaken = true;
  if (SSL* ssl = client.transport.ssl()) {
    ++(SSL_session_reused(ssl) ? counts_.handshakes_resumed : counts_.handshakes_full);
  }
  return true;
}

bool Server::receive(Client& client) {
  do {
    if (!client.behaviour->wants_more()) return true;
    const IoResult result = client.transport.read(scratch_);
    switch (result.status) {
      case IoStatus::WantRead:
      case IoStatus::WantWrite: return true;
      case IoStatus::Ok: break;
      case IoStatus::End:
        client.end_received = true;
        client.behaviour->ended("clean");
        return true;
      case IoStatus::Truncated: client.behaviour->ended("truncated"); return false;
      case IoStatus::Reset: client.behaviour->ended("reset"); return false;
      case IoStatus::Failed: client.behaviour->ended("failed"); return false;
    }
    counts_.bytes_received += result.bytes;
    client.behaviour->received(Bytes(scratch_).first(result.bytes));
  } while (client.transport.pending());
  return true;
}

bool Server::send(Client& client) {
  Behaviour& behaviour = *client.behaviour;
  bool room = true;
  int turns = kWritesPerTurn;
  Bytes bytes = behaviour.to_send();
  for (; !bytes.empty() && room && turns > 0; bytes = behaviour.to_send(), --turns) {
    const IoResult result = client.transport.write(bytes);
    room = result.status == IoStatus::Ok;
    if (result.status == IoStatus::WantWrite || result.status == IoStatus::WantRead) break;
    if (!room) {
      behaviour.ended("reset");
      return false;
    }
    behaviour.sent(result.bytes);
    counts_.bytes_sent += result.bytes;
  }
  if (bytes.empty() && behaviour.wants_end() && !client.end_sent) {
    client.end_sent = true;
    if (client.transport.close_write().status != IoStatus::Ok) return false;
  }
  if (client.end_sent && client.end_received) return false;
  const bool reads = !client.end_received && behaviour.wants_more();
  // Bytes that OpenSSL holds back make no socket readable: come again at once for them.
  const bool again = reads && client.transport.pending();
  watch(client, (reads ? EPOLLIN : 0u) | (!bytes.empty() || again ? EPOLLOUT : 0u));
  return true;
}

void Server::forget(Client& client) {
  const std::string summary = client.behaviour->summary();
  if (!summary.empty()) {
    std::printf("%s\n", summary.c_str());
    std::fflush(stdout);
  }
  clients_.erase(&client);
}

void Server::watch(Client& client, uint32_t events) {
  if (client.watched == events) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = &client;
  // ADD comes once, at the beginning, and never with an empty mask.
  const int operation = client.watched == 0 && !client.shaken ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  CHECK(::epoll_ctl(epoll_.get(), operation, client.transport.fd(), &event) == 0);
  client.watched = events;
}

}  // namespace sallyport::bench
