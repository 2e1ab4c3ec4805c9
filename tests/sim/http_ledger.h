// What the peers of a simulated HTTP run meant to do and what they saw, written down by both sides.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tests/sim/http_reader.h"
#include "tests/sim/peer.h"
#include "tests/sim/write_order.h"

namespace sallyport::sim {

/// A direction of a tunnel, as its sender and its receiver tell of it.
struct TunnelSide {
  uint64_t stream = 0;      // sent
  uint64_t length = 0;
  uint64_t sent = 0;        // at most; what was begun to be sent
  bool finished = false;    // the end of it was said
  uint64_t received = 0;    // of the other side's
  Account::End ended = Account::End::None;
};

/// One request of one client.
struct HttpRequest {
  enum class Nonsense : uint8_t { None, Head, Chunk };

  uint64_t id = 0;
  size_t client = 0;
  std::string method;
  bool idempotent = false;
  std::string target;       // as sent
  std::string path;         // as a backend has to see it, query included
  std::string host;
  int minor = 1;
  HttpBody body;
  bool close = false;       // says that it is the last
  bool keep_alive = false;  // says so, in HTTP/1.0
  bool expects_continue = false;
  bool trailers = false;    // TE: trailers
  bool upgrade = false;
  bool alone = true;        // no other is sent before its response has come
  bool http2 = false;
  Nonsense nonsense = Nonsense::None;

  // What the client did.
  bool begun = false;       // the first byte may have gone
  uint64_t body_sent = 0;   // at most
  bool sent_whole = false;  // the channel has taken all of it
  TunnelSide tunnel;
  // What it got.
  int status = 0;           // of the final response's head
  uint64_t attempt = 0;     // whose response it is; 0: the proxy's own
  uint64_t received = 0;    // of its body
  bool answered = false;    // whole
  bool said_close = false;
  // Over HTTP/2.
  bool taken_back = false;  // by its client
  bool refused = false;     // said by the proxy to be untouched
  std::string lost_by = {}; // how its client learned that no whole response comes
};

/// One request as it reached one backend, and the response.
struct HttpAttempt {
  uint64_t number = 0;
  uint64_t request = 0;       // HttpRequest::id
  uint64_t connection = 0;    // of the backends', counted over all
  bool first = true;          // on its connection
  Writes sent;                // its head, by the proxy; attempts are numbered as they are read
  uint64_t request_body = 0;
  bool request_whole = false;

  int status = 0;             // 0: none was meant to be given
  HttpBody body;
  uint64_t stream = 0;
  uint64_t body_sent = 0;     // at most
  bool begun = false;         // a byte of the final response, or of what is none, may have gone
  bool interim = false;       // one may have gone
  bool refused = false;       // said to be untouched: it may be sent again (RFC 9113 section 8.7)
  bool sent_whole = false;
  bool finished = false;      // with it the connection, cleanly
  bool switched = false;      // 101
  bool talks_on = false;      // more follows than was announced
  TunnelSide tunnel;
};

struct HttpLedger {
  std::deque<HttpRequest> requests;   // by id - 1
  std::deque<HttpAttempt> attempts;   // by number - 1
  uint64_t refusals = 0;              // GOAWAYs of backends, and streams that they refused unread
  std::vector<std::string> client_ips;  // by HttpRequest::client: as backends are told
  std::vector<std::string> problems;  // what must not be, in words

  HttpRequest* request(uint64_t id) {
    return id > 0 && id <= requests.size() ? &requests[id - 1] : nullptr;
  }
  HttpAttempt* attempt(uint64_t number) {
    return number > 0 && number <= attempts.size() ? &attempts[number - 1] : nullptr;
  }
  void problem(std::string what) { problems.push_back(std::move(what)); }
};

}  // namespace sallyport::sim
