#include "dataplane/io/loop.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/io/loop_impl.h"

namespace sallyport {

namespace {

constexpr int kEventBatch = 256;

Instant monotonic_now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Instant(Micros(t.tv_sec * 1'000'000 + t.tv_nsec / 1000));
}

}  // namespace

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  Impl& i = *impl_;
  CHECK(uv_loop_init(&i.uv) == 0);
  i.uv.data = this;
  i.now = &now_;
  i.look_at_clock();

  i.epoll_set = epoll_create1(EPOLL_CLOEXEC);
  CHECK(i.epoll_set >= 0);
  i.sockets.resize(1024);

  epoll_event own{};
  own.events = EPOLLIN;
  own.data.fd = uv_backend_fd(&i.uv);
  CHECK(epoll_ctl(i.epoll_set, EPOLL_CTL_ADD, own.data.fd, &own) == 0);

  struct Step {
    static Loop& of(uv_handle_t* h) { return *static_cast<Loop*>(h->loop->data); }

    static void run_turns(Loop& loop) {
      Impl& impl = *loop.impl_;
      List<Task, RunQueue> batch;
      batch.splice_back(impl.queue);
      while (!batch.empty()) {
        Task& task = batch.front();
        task.ListLink<RunQueue>::unlink();
        task.turn();
      }
      impl.graveyard.clear();
    }

    // How long nothing can happen but by an event; in ms, rounded up so that it is not too early.
    static int most_wait(Loop& loop) {
      if (!loop.impl_->queue.empty()) return 0;
      if (loop.deadlines_.empty()) return -1;
      auto wait = std::chrono::ceil<Millis>(loop.deadlines_.next() - loop.now_);
      return static_cast<int>(std::clamp<int64_t>(wait.count(), 0, 1'000'000));
    }

    static void note(Impl& impl, const epoll_event& event) {
      int descriptor = event.data.fd;
      if (Socket* socket = impl.sockets[static_cast<size_t>(descriptor)]) {
        bool broken = event.events & (EPOLLERR | EPOLLHUP);
        bool ended = broken || (event.events & EPOLLRDHUP);
        socket->on_edge(ended || (event.events & EPOLLIN), broken || (event.events & EPOLLOUT),
                        ended);
      } else if (auto it = impl.listeners.find(descriptor); it != impl.listeners.end()) {
        it->second->on_clients();
      }
    }

    static void on_prepare(uv_prepare_t* h) {
      Loop& loop = of(reinterpret_cast<uv_handle_t*>(h));
      Impl& impl = *loop.impl_;
      epoll_event events[kEventBatch];
      for (bool libuv_is_ready = false; !libuv_is_ready;) {
        loop.deadlines_.expire(loop.now_, [&](Task& task) { loop.post(task); });
        int wait = impl.touched ? 0 : most_wait(loop);
        int n = epoll_wait(impl.epoll_set, events, kEventBatch, wait);
        impl.look_at_clock();
        libuv_is_ready = std::exchange(impl.touched, false);
        for (int e = 0; e < n; ++e) {
          if (events[e].data.fd == uv_backend_fd(&impl.uv)) {
            libuv_is_ready = true;
          } else {
            note(impl, events[e]);
          }
        }
        loop.deadlines_.expire(loop.now_, [&](Task& task) { loop.post(task); });
        run_turns(loop);
      }
    }

    static void on_wake(uv_async_t* h) {
      Loop& loop = of(reinterpret_cast<uv_handle_t*>(h));
      Impl& impl = *loop.impl_;
      std::vector<std::function<void()>> calls;
      bool stopping;
      {
        std::lock_guard lock(impl.mutex);
        calls.swap(impl.calls);
        stopping = impl.stopping;
      }
      impl.look_at_clock();
      for (auto& call : calls) call();
      if (stopping) uv_stop(&impl.uv);
    }
  };

  CHECK(uv_async_init(&i.uv, &i.wake, Step::on_wake) == 0);
  CHECK(uv_prepare_init(&i.uv, &i.prepare) == 0);
  CHECK(uv_prepare_start(&i.prepare, Step::on_prepare) == 0);
  CHECK(uv_idle_init(&i.uv, &i.idle) == 0);
  CHECK(uv_idle_start(&i.idle, [](uv_idle_t*) {}) == 0);
  i.touched = true;
}

Loop::~Loop() {
  Impl& i = *impl_;
  i.graveyard.clear();
  uv_walk(
      &i.uv,
      [](uv_handle_t* h, void*) {
        if (!uv_is_closing(h)) uv_close(h, nullptr);
      },
      nullptr);
  uv_run(&i.uv, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&i.uv) == 0);
  ::close(i.epoll_set);
}

void Loop::run() {
  impl_->look_at_clock();
  uv_run(&impl_->uv, UV_RUN_DEFAULT);
  impl_->graveyard.clear();
}

void Loop::stop() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  uv_async_send(&impl_->wake);
}

void Loop::submit(std::function<void()> call) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->calls.push_back(std::move(call));
  }
  uv_async_send(&impl_->wake);
}

WallTime Loop::wall_now() const {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

void Loop::post(Task& task) {
  if (!task.ListLink<RunQueue>::linked()) impl_->queue.push_back(task);
}

void Loop::bury(std::unique_ptr<Task> task) {
  task->ListLink<RunQueue>::unlink();
  impl_->graveyard.push_back(std::move(task));
}

void Loop::Impl::add(int descriptor, Listening& listener) {
  size_t slot = static_cast<size_t>(descriptor);
  if (slot >= sockets.size()) sockets.resize(std::max(slot + 1, sockets.size() * 2));
  listeners[descriptor] = &listener;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  CHECK(epoll_ctl(epoll_set, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

void Loop::Impl::remove(int descriptor) {
  listeners.erase(descriptor);
  epoll_ctl(epoll_set, EPOLL_CTL_DEL, descriptor, nullptr);
}

void Loop::Impl::look_at_clock() { *now = monotonic_now(); }

namespace {

void control(int set, int operation, int descriptor, bool for_writing) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (for_writing ? EPOLLOUT : 0u);
  event.data.fd = descriptor;
  CHECK(epoll_ctl(set, operation, descriptor, &event) == 0);
}

}  // namespace

void Loop::Impl::add(int descriptor, Socket& socket, bool for_writing) {
  size_t slot = static_cast<size_t>(descriptor);
  if (slot >= sockets.size()) sockets.resize(std::max(slot + 1, sockets.size() * 2));
  sockets[slot] = &socket;
  control(epoll_set, EPOLL_CTL_ADD, descriptor, for_writing);
}

// If room has come meanwhile, this makes an edge.
void Loop::Impl::watch_writing(int descriptor) {
  control(epoll_set, EPOLL_CTL_MOD, descriptor, true);
}

}  // namespace sallyport
