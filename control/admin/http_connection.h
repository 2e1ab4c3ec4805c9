// One client of an HTTP address.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "control/admin/http_request.h"
#include "control/admin/http_response.h"
#include "control/admin/pages.h"
#include "dataplane/io/deadline.h"
#include "dataplane/io/loop.h"
#include "dataplane/io/socket.h"
#include "dataplane/io/task.h"

namespace sallyport {

class HttpConnection;

/// Owns connections and is told when one is done.
class HttpConnectionOwner {
 public:
  virtual ~HttpConnectionOwner() = default;
  /// Takes the connection out of its list and buries it.
  virtual void done(HttpConnection& connection) = 0;
};

/// Reads a request, answers it, reads the next; one at a time, so that a client who sends many
/// and reads no answers costs one answer's memory.
/// Thread: the loop's.
class HttpConnection final : public Task {
 public:
  static constexpr Millis kRequestTimeout{5'000};  // first byte (or accept) to the end of the head
  static constexpr Millis kIdleTimeout{60'000};    // between two requests
  static constexpr Millis kResponseTimeout{30'000};  // until the client has taken an answer
  static constexpr Millis kLingerTimeout{2'000};     // after our last byte, until the client's

  /// Takes over `descriptor`. REQUIRES: the others outlive this.
  HttpConnection(Loop& loop, int descriptor, const Pages& pages, HttpConnectionOwner& owner);

  void turn() override;
  /// Between two requests: closing it loses nothing.
  bool idle() const { return phase_ == Phase::Request && idle_; }
  /// Closes the socket, so that no edge comes any more, and tells the owner.
  void close();

 private:
  enum class Phase : uint8_t { Request, Response, Linger };
  /// Whether the phase is over, must wait, or the connection is gone (and this with it, soon).
  enum class Step : uint8_t { Over, Wait, Gone };

  Step read_request();
  Step write_response();
  Step linger();
  void answer(const HttpRequest& request);
  void respond(const HttpResponse& response, bool keep_alive, bool with_body);
  void next_request();
  Step gone();
  void on_deadline();

  Loop& loop_;
  const Pages& pages_;
  HttpConnectionOwner& owner_;
  Socket socket_;
  Deadline deadline_;
  Phase phase_ = Phase::Request;
  bool idle_ = false;
  std::array<char, kHttpHeadMost> received_;
  size_t received_size_ = 0;
  std::string response_;
  size_t sent_ = 0;
  bool close_after_ = false;
};

}  // namespace sallyport
