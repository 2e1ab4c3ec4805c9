#include "control/demo/demo_backend.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "dataplane/base/thread.h"

namespace sallyport {
namespace {

constexpr int kBacklog = 128;
constexpr int kAcceptPauseMs = 100;
constexpr std::chrono::seconds kHandshakeTimeout{30};
constexpr std::chrono::seconds kGoodbyeTimeout{2};
constexpr size_t kGoodbyeMost = 64 * 1024;

using Clock = ByteStream::Clock;

/// A connection that is closed with bytes unread is reset, and a reset may overtake the answer on
/// its way to the client (RFC 9112 section 9.6). So what still comes is read, for a while.
void say_goodbye(ByteStream& stream) {
  char ignored[4096];
  stream.set_deadline(Clock::now() + kGoodbyeTimeout);
  stream.finish();
  size_t left = kGoodbyeMost;
  for (size_t n = 1; n > 0 && left > 0; left -= n) {
    n = stream.read({ignored, std::min(left, sizeof ignored)});
  }
}

}  // namespace

Result<std::unique_ptr<DemoBackend>> DemoBackend::start(std::string introduction,
                                                        std::optional<TlsServer> tls) {
  const Address wanted = Address::v4(INADDR_LOOPBACK, 0);
  sockaddr_storage bound{};
  auto* raw = reinterpret_cast<sockaddr*>(&bound);
  socklen_t size = sizeof bound;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int wake = ::eventfd(0, EFD_CLOEXEC);
  if (listener < 0 || wake < 0 || ::bind(listener, wanted.raw(), wanted.raw_size()) != 0 ||
      ::listen(listener, kBacklog) != 0 || ::getsockname(listener, raw, &size) != 0) {
    const Error error{std::string("cannot start a backend on 127.0.0.1: ") + std::strerror(errno)};
    if (listener >= 0) ::close(listener);
    if (wake >= 0) ::close(wake);
    return error;
  }
  return std::unique_ptr<DemoBackend>(new DemoBackend(std::move(introduction), std::move(tls),
                                                      listener, wake, Address::from(raw)));
}

DemoBackend::DemoBackend(std::string introduction, std::optional<TlsServer> tls, int listener,
                         int wake, const Address& address)
    : introduction_(std::move(introduction)),
      tls_(std::move(tls)),
      listener_(listener),
      wake_(wake),
      address_(address),
      acceptor_(start_thread("demo-accept", [this] { accept_all(); })) {}

DemoBackend::~DemoBackend() {
  const uint64_t one = 1;
  // An eventfd that holds 0 takes a 1 without fail.
  static_cast<void>(!::write(wake_, &one, sizeof one));
  acceptor_.join();
  {
    std::lock_guard lock(mutex_);
    for (Connection& connection : connections_) {
      if (!connection.done) ::shutdown(connection.descriptor, SHUT_RDWR);
    }
  }
  // Without the acceptor nobody else changes the list.
  for (Connection& connection : connections_) connection.thread.join();
  ::close(listener_);
  ::close(wake_);
}

void DemoBackend::accept_all() {
  for (;;) {
    pollfd wanted[] = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    ::poll(wanted, 2, -1);
    if (wanted[0].revents != 0) return;
    reap();
    // The listener stays readable when descriptors have run out: a pause, not a busy loop.
    if (wanted[1].revents != 0 && !accept_one()) ::poll(wanted, 1, kAcceptPauseMs);
  }
}

bool DemoBackend::accept_one() {
  sockaddr_storage from{};
  auto* raw = reinterpret_cast<sockaddr*>(&from);
  socklen_t size = sizeof from;
  const int descriptor = ::accept4(listener_, raw, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
  // An answer must not wait for the client to acknowledge the session tickets before it.
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::lock_guard lock(mutex_);
  if (connections_.size() >= kConnectionsMost) {
    ::close(descriptor);
    return true;
  }
  Connection& connection = connections_.emplace_back(Connection{descriptor, Address::from(raw)});
  try {
    connection.thread = start_thread("demo-serve", [this, &connection] { serve(connection); });
  } catch (const std::system_error&) {  // the system has no thread left
    connections_.pop_back();
    ::close(descriptor);
    return false;
  }
  return true;
}

void DemoBackend::reap() {
  std::lock_guard lock(mutex_);
  connections_.remove_if([](Connection& connection) {
    if (connection.done) connection.thread.join();
    return connection.done;
  });
}

void DemoBackend::serve(Connection& connection) {
  converse(connection);
  std::lock_guard lock(mutex_);
  ::close(connection.descriptor);
  connection.done = true;
}

void DemoBackend::converse(Connection& connection) {
  AnswerFacts facts{introduction_, connection.peer, std::nullopt};
  std::unique_ptr<ByteStream> stream;
  if (tls_) {
    const auto deadline = Clock::now() + kHandshakeTimeout;
    stream = tls_->accept(connection.descriptor, deadline, facts.tls.emplace());
  } else {
    stream = plain_stream(connection.descriptor);
  }
  if (!stream) return;
  DemoRequests requests(*stream);
  while (answer_one(*stream, requests, facts)) {
  }
  say_goodbye(*stream);
}

/// Whether another request may follow.
bool DemoBackend::answer_one(ByteStream& stream, DemoRequests& requests, const AnswerFacts& facts) {
  switch (requests.next()) {
    case DemoRequests::Next::Ended: return false;
    case DemoRequests::Next::Refused:
      static_cast<void>(stream.write(refusal(requests.fault())));
      return false;
    case DemoRequests::Next::Whole: break;
  }
  return stream.write(answer(requests, facts)) && requests.head().keep_alive;
}

}  // namespace sallyport
