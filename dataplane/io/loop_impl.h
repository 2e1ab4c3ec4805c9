// What io/loop.cc shares with the other files of the kernel's side of the seam; nobody else
// includes it.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "dataplane/io/loop.h"
#include "dataplane/io/socket.h"

namespace sallyport {

/// Data sockets live in an epoll set of their own, which libuv polls as one descriptor: a uv_poll_t
/// per socket would cost four more system calls at its birth and one at its end, and cannot be
/// edge-triggered (decisions/2026-11-21-private-epoll-set.md).
struct Loop::Impl {
  uv_loop_t uv;
  uv_async_t wake;
  uv_timer_t timer;    // the earliest deadline
  uv_poll_t set_poll;  // the epoll set below
  uv_check_t check;    // after libuv's dispatch: turns, burials
  uv_idle_t idle;      // active while turns wait, so that libuv does not sleep
  int epoll_set = -1;

  std::vector<Socket*> sockets;  // by descriptor; stale events find null or a socket that can bear them
  List<Task, RunQueue> queue;
  std::vector<std::unique_ptr<Task>> graveyard;
  Instant timer_at = Instant::max();  // what `timer` is set to

  std::mutex mutex;  // of what other threads write
  std::vector<std::function<void()>> calls;
  bool stopping = false;

  void add(int descriptor, Socket& socket);
  void moved(int descriptor, Socket* socket) { sockets[static_cast<size_t>(descriptor)] = socket; }
  /// Every callback of libuv begins with this: the loop's time is that of the current dispatch.
  void look_at_clock();
  Instant* now = nullptr;  // the loop's
};

}  // namespace sallyport
