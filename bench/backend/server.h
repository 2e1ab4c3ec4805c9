// The test backend's event loop: one thread, its listening socket and its connections.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "bench/backend/behaviour.h"
#include "bench/common/transport.h"

namespace sallyport::bench {

struct ServerCounts {
  uint64_t connections = 0;
  uint64_t handshakes_full = 0, handshakes_resumed = 0, handshakes_failed = 0;
  uint64_t bytes_received = 0, bytes_sent = 0;
};

class Server {
 public:
  /// In the clear if `context` is null. REQUIRES: `context` outlives the server.
  Server(const BehaviourOptions& options, Fd listener, SSL_CTX* context);
  ~Server();

  /// Serves until `stop` is true; looks at it at least every 100 ms.
  void run(const std::atomic<bool>& stop);
  const ServerCounts& counts() const { return counts_; }

 private:
  struct Client;

  void accept_all();
  /// False when the client is to be forgotten.
  bool turn(Client& client, uint32_t events);
  bool shake_hands(Client& client);
  bool receive(Client& client);
  bool send(Client& client);
  void forget(Client& client);
  void watch(Client& client, uint32_t events);

  const BehaviourOptions options_;
  Fd listener_;
  SSL_CTX* const context_;
  Fd epoll_;
  std::vector<uint8_t> scratch_;
  std::unordered_map<Client*, std::unique_ptr<Client>> clients_;
  ServerCounts counts_;
};

}  // namespace sallyport::bench
