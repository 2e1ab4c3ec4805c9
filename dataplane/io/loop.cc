#include "dataplane/io/loop.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "dataplane/base/check.h"
#include "dataplane/io/loop_impl.h"

namespace sallyport {

namespace {

constexpr int kEventBatch = 256;
// An epoll_wait of our set is repeated within one dispatch while it keeps coming back full enough
// to pay for itself; libuv's own descriptors (listeners, wake-ups) wait meanwhile, so not for long.
constexpr int kRounds = 4;
constexpr int kWorthAnotherRound = 8;

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

  // The loop's steps, as libuv's callbacks; each begins by looking at the clock.
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

    static void on_set(uv_poll_t* h, int, int) {
      Loop& loop = of(reinterpret_cast<uv_handle_t*>(h));
      Impl& impl = *loop.impl_;
      epoll_event events[kEventBatch];
      for (int round = 0; round < kRounds; ++round) {
        int n = epoll_wait(impl.epoll_set, events, kEventBatch, 0);
        if (n <= 0) return;
        loop.impl_->look_at_clock();
        for (int e = 0; e < n; ++e) {
          Socket* socket = impl.sockets[static_cast<size_t>(events[e].data.fd)];
          uint32_t what = events[e].events;
          bool broken = what & (EPOLLERR | EPOLLHUP);
          bool ended = broken || (what & EPOLLRDHUP);
          if (socket) socket->on_edge(ended || (what & EPOLLIN), broken || (what & EPOLLOUT), ended);
        }
        run_turns(loop);
        if (n < kWorthAnotherRound) return;
      }
    }

    // libuv runs timers before it polls and the check after, so what passes here gets its turn in
    // this round's check, and what the last round's turns armed is seen here at the latest.
    static void on_timer(uv_timer_t* h) {
      Loop& loop = of(reinterpret_cast<uv_handle_t*>(h));
      loop.impl_->timer_at = Instant::max();
      loop.impl_->look_at_clock();
      expire_and_set_timer(loop);
    }

    static void on_check(uv_check_t* h) {
      Loop& loop = of(reinterpret_cast<uv_handle_t*>(h));
      loop.impl_->look_at_clock();
      run_turns(loop);
      expire_and_set_timer(loop);
    }

    static void expire_and_set_timer(Loop& loop) {
      Impl& impl = *loop.impl_;
      loop.deadlines_.expire(loop.now_, [&](Task& task) { loop.post(task); });
      set_timer(loop);
      if (impl.queue.empty()) {
        uv_idle_stop(&impl.idle);
      } else {
        uv_idle_start(&impl.idle, [](uv_idle_t*) {});
      }
    }

    static void set_timer(Loop& loop) {
      Impl& impl = *loop.impl_;
      if (loop.deadlines_.empty()) return;
      Instant next = loop.deadlines_.next();
      // A timer that is early does no harm (the heap is asked each time); re-arming costs.
      if (next >= impl.timer_at) return;
      impl.timer_at = next;
      // Never 0: libuv 1.44 would call a timer that its own callback sets to now for ever.
      Millis wait = std::max(std::chrono::ceil<Millis>(next - loop.now_), Millis(1));
      uv_update_time(&impl.uv);
      uv_timer_start(&impl.timer, on_timer, static_cast<uint64_t>(wait.count()), 0);
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
      loop.impl_->look_at_clock();
      for (auto& call : calls) call();
      if (stopping) uv_stop(&impl.uv);
    }
  };

  CHECK(uv_async_init(&i.uv, &i.wake, Step::on_wake) == 0);
  CHECK(uv_timer_init(&i.uv, &i.timer) == 0);
  CHECK(uv_poll_init(&i.uv, &i.set_poll, i.epoll_set) == 0);
  CHECK(uv_poll_start(&i.set_poll, UV_READABLE, Step::on_set) == 0);
  CHECK(uv_check_init(&i.uv, &i.check) == 0);
  CHECK(uv_check_start(&i.check, Step::on_check) == 0);
  CHECK(uv_idle_init(&i.uv, &i.idle) == 0);
}

Loop::~Loop() {
  Impl& i = *impl_;
  i.graveyard.clear();
  uv_walk(&i.uv, [](uv_handle_t* h, void*) { if (!uv_is_closing(h)) uv_close(h, nullptr); }, nullptr);
  uv_run(&i.uv, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&i.uv) == 0);
  ::close(i.epoll_set);
}

void Loop::run() {
  impl_->look_at_clock();
  // Tasks posted before the loop ran must not wait for the first event.
  uv_idle_start(&impl_->idle, [](uv_idle_t*) {});
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

void Loop::Impl::look_at_clock() { *now = monotonic_now(); }

void Loop::Impl::add(int descriptor, Socket& socket) {
  size_t slot = static_cast<size_t>(descriptor);
  if (slot >= sockets.size()) sockets.resize(std::max(slot + 1, sockets.size() * 2));
  sockets[slot] = &socket;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.fd = descriptor;
  CHECK(epoll_ctl(epoll_set, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

}  // namespace sallyport
