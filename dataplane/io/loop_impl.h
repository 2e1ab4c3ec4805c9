// What io/loop.cc shares with the other files of the kernel's side of the seam; nobody else
// includes it.
#pragma once

#include <uv.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "dataplane/io/loop.h"
#include "dataplane/io/socket.h"

namespace sallyport {

/// What the loop tells of an event to a listening socket.
class Listening {
 public:
  virtual void on_clients() = 0;

 protected:
  ~Listening() = default;
};

/// libuv runs the loop; data sockets and listeners live in an epoll set of their own, in which
/// libuv's own descriptor is one of many (decisions/2026-11-21-private-epoll-set.md). The set is
/// waited for in libuv's prepare step, again and again, until libuv has something to do itself.
struct Loop::Impl {
  uv_loop_t uv;
  uv_async_t wake;
  uv_prepare_t prepare;
  uv_idle_t idle;  // always active: libuv polls without waiting, the waiting is the set's
  int epoll_set = -1;

  std::vector<Socket*> sockets;  // by descriptor; stale events find null or one that can bear them
  std::map<int, Listening*> listeners;
  List<Task, RunQueue> queue;
  std::vector<std::unique_ptr<Task>> graveyard;
  bool touched = false;

  std::mutex mutex;  // of what other threads write
  std::vector<std::function<void()>> calls;
  bool stopping = false;

  /// Interest in writing makes each late event of reading one that has to be looked at, since
  /// writing is nearly always possible: who does not wait for it leaves it out.
  void add(int descriptor, Socket& socket, bool for_writing);
  void watch_writing(int descriptor);
  void moved(int descriptor, Socket* socket) { sockets[static_cast<size_t>(descriptor)] = socket; }
  /// Level-triggered, so that a listener need not empty its queue at once.
  void add(int descriptor, Listening& listener);
  void remove(int descriptor);

  /// For everything that starts, changes or closes a handle: libuv takes notice in its own poll,
  /// so the wait for the set must end first.
  uv_loop_t& libuv() {
    touched = true;
    return uv;
  }
  /// Every callback of libuv begins with this: the loop's time is that of the current dispatch.
  void look_at_clock();
  Instant* now = nullptr;  // the loop's
};

}  // namespace sallyport
