// The loop of the floor: pairs of a client and a backend, and the bytes between them.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/floor/side.h"

namespace sallyport::bench {

struct RelayOptions {
  SocketAddress listen, backend;
  SSL_CTX* client_tls = nullptr;   // null: the client's bytes pass untouched
  SSL_CTX* backend_tls = nullptr;  // null: in the clear
  std::string backend_name;        // verified, and sent as SNI
  bool pool = false;    // a backend connection outlives its client, for the next one
  bool splice = false;  // between sockets in the clear, once a read has filled its buffer
};

/// What one of the two has sent and the other has not taken yet.
struct Direction {
  std::vector<uint8_t> left;
  size_t at = 0;
  bool ended = false;
  bool bulk = false;  // goes through the pipe
};

struct Pair {
  std::unique_ptr<Side> client, backend;
  Direction to_backend, to_client;
  bool dead = false;
};

class Relay {
 public:
  explicit Relay(const RelayOptions& options);
  ~Relay();

  void run();

 private:
  void accept_all();
  void turn(Pair& pair);
  bool shake_hands(Pair& pair);
  bool connect(Pair& pair);
  bool move(Pair& pair, Side& from, Side& to, Direction& direction);
  bool move_spliced(Side& from, Side& to, Direction& direction);
  bool flush(Side& to, Direction& direction);
  void finish(Pair& pair, bool clean);
  void watch(Side& side);

  const RelayOptions options_;
  Fd listener_, epoll_;
  Fd pipe_in_, pipe_out_;
  std::vector<uint8_t> scratch_;
  std::unordered_map<Pair*, std::unique_ptr<Pair>> pairs_;
  std::vector<std::unique_ptr<Pair>> graveyard_;
  std::vector<std::unique_ptr<Side>> idle_;
  Pair nobody_;  // owns the idle ones
};

}  // namespace sallyport::bench
