// A small HTTP/1.1 server for the demo: something to proxy to.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "control/demo/demo_answer.h"
#include "control/demo/tls_server.h"
#include "dataplane/base/address.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// Listens on a free port of 127.0.0.1 with threads of its own, one per connection, so that a slow
/// client delays nobody. Bounded: connections past kConnectionsMost are closed at once, and one
/// that is silent for longer than DemoRequests::kTimeout is closed too.
class DemoBackend {
 public:
  static constexpr size_t kConnectionsMost = 256;

  /// `introduction` is the first line of every answer. Without `tls` the backend is plain.
  static Result<std::unique_ptr<DemoBackend>> start(std::string introduction,
                                                    std::optional<TlsServer> tls);
  /// Cuts what is open and waits for the threads.
  ~DemoBackend();
  DemoBackend(const DemoBackend&) = delete;
  DemoBackend& operator=(const DemoBackend&) = delete;

  const Address& address() const { return address_; }

 private:
  struct Connection {
    int descriptor;
    Address peer;
    bool done = false;  // its thread will touch nothing any more
    std::thread thread = {};
  };

  DemoBackend(std::string introduction, std::optional<TlsServer> tls, int listener, int wake,
              const Address& address);
  void accept_all();
  bool accept_one();
  void reap();
  void serve(Connection& connection);
  void converse(Connection& connection);
  static bool answer_one(ByteStream& stream, DemoRequests& requests, const AnswerFacts& facts);

  const std::string introduction_;
  const std::optional<TlsServer> tls_;
  const int listener_;
  const int wake_;  // an eventfd: readable when it is time to stop
  const Address address_;
  std::mutex mutex_;
  std::list<Connection> connections_;  // under mutex_: the list, and each one's descriptor and done
  std::thread acceptor_;
};

}  // namespace sallyport
